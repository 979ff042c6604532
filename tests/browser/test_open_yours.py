"""Another program's checkpoint, dropped on the page: recognised, then explored like any other model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Browser, Page, ViewportSize, expect

from generator import convert_checkpoint
from generator.measuring.averages import FEWEST
from studio import Recipe, Studio, Visitors, data_url, to_png
from studio import visitors as studio_visitors
from tests.browser.conftest import DESK, PHONE, Visitor
from tests.studio.conftest import keeping
from tests.ui.serving import served
from ui.parts.live_view import VIEW

pytestmark = pytest.mark.browser
INTEROP = Path(__file__).resolve().parents[2].parent / "shared" / "interop" / "sg2ada-64-cond5.pkl"


@pytest.fixture(scope="module", autouse=True)
def measured_on_few() -> Iterator[None]:
    """What is opened is calibrated on as few pictures as that can be done with."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(studio_visitors, "convert", partial(convert_checkpoint, pictures=FEWEST))
        yield


@pytest.fixture(scope="module")
def visitors(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Visitors:
    """Whose models stay in a folder of these tests."""
    return Visitors(keeping(studio, tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="module")
def open_address(studio: Studio, visitors: Visitors) -> Iterator[str]:
    """Where visitors may open their own."""
    with served(visitors.studio, visitors) as url:
        yield url


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A class-conditional StyleGAN2 of another program where there is one, else a DCGAN's generator."""
    if INTEROP.exists():
        return INTEROP
    path = tmp_path / "netG.pth"
    widths = (16, 32, 24, 16, 8, 3)  # to 64 px
    rng = torch.Generator().manual_seed(0)  # the same file for each test: it is opened once and found again
    weights = {
        f"main.{3 * i}.weight": torch.randn(a, b, 4, 4, generator=rng) / 8 for i, (a, b) in enumerate(pairwise(widths))
    }
    for i, width in enumerate(widths[1:-1]):
        weights |= {f"main.{3 * i + 1}.{name}": torch.ones(width) for name in ("weight", "running_var")}
        weights |= {f"main.{3 * i + 1}.{name}": torch.zeros(width) for name in ("bias", "running_mean")}
    torch.save(weights, path)
    return path


def complaints(visitor: Visitor) -> list[str]:
    """What the browser complained of, less what Gradio's own script does whenever an upload's progress ends, and when a
    page is left while its stream of events is still open."""
    aborted = ("AbortError: signal is aborted without reason", "AbortError: BodyStreamBuffer was aborted")
    own = ("Method not implemented.", *aborted)
    return [each for each in visitor.complaints if not each.startswith(own)]


def arrive(browser: Browser, address: str, viewport: ViewportSize) -> Visitor:
    visitor = Visitor(browser.new_context(viewport=viewport, accept_downloads=True), address)
    visitor.page.goto(address)
    visitor.page.wait_for_selector("#live img.after[src]")
    visitor.page.get_by_role("link", name="open your own").click()
    expect(visitor.page.get_by_role("heading", name="Open your own")).to_be_visible()
    return visitor


def give(page: Page, source: Path) -> None:
    page.locator("#own-checkpoint input[type=file]").set_input_files(source)
    expect(page.locator("#own-checkpoint")).to_contain_text(source.suffix)
    page.get_by_role("button", name="Open it", exact=True).click()


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_a_dropped_file_is_recognised_and_explored(
    browser: Browser, open_address: str, visitors: Visitors, source: Path, viewport: ViewportSize, tmp_path: Path
) -> None:
    visitor = arrive(browser, open_address, viewport)
    page = visitor.page
    give(page, source)
    page.wait_for_url("**/yours/**", timeout=60_000)
    page.wait_for_selector("#live img.after[src]")
    visitor.rest()
    page.screenshot(path=tmp_path / "explored.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    ((token, folder),) = visitors.kept_models().items()
    own = visitors.get(token)
    assert own is not None and own.name == folder.name
    expect(page.locator(".models [aria-current]")).to_have_text(own.name)
    page.get_by_role("button", name=re.compile("^About")).click()
    expect(page.locator("#about-dialog")).to_contain_text("64 × 64 px")
    page.keyboard.press("Escape")
    assert visitor.picture == data_url(own.studio.render(Recipe()).picture, at_least=VIEW)
    if viewport is DESK:
        expect(page.get_by_role("slider", name="direction 1", exact=True)).to_be_visible()
        before = visitor.picture
        page.get_by_role("button", name=re.compile("Next seed")).click()
        visitor.rest()
        assert visitor.picture != before
        assert f"model={own.name}" in page.url and f"version={own.facts['version']}" in page.url
    assert (complaints(visitor), visitor.outside) == ([], [])

    page.locator(".models a").first.click()  # back to the house
    page.wait_for_selector("#live img.after[src]")
    assert "/yours/" not in page.url
    visitor.context.close()


def test_a_repository_of_the_hub_is_opened_or_refused(
    browser: Browser, open_address: str, visitors: Visitors, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = arrive(browser, open_address, DESK)
    field = visitor.page.get_by_label("Or a repository on the Hugging Face hub")
    field.fill("no repository")
    visitor.page.get_by_role("button", name="Fetch it").click()
    expect(visitor.page.get_by_role("alert")).to_contain_text("owner/name")
    expect(visitor.page.locator(".own-link")).to_have_count(0)

    monkeypatch.setattr(studio_visitors, "fetch", lambda repository, limit: (source, None))
    field.fill("nobody/cats")
    field.press("Enter")
    visitor.page.wait_for_url("**/yours/**", timeout=60_000)
    visitor.page.wait_for_selector("#live img.after[src]")
    assert (complaints(visitor), visitor.outside) == ([], [])
    visitor.context.close()


def test_a_kept_model_outlives_the_program(browser: Browser, studio: Studio, source: Path, tmp_path: Path) -> None:
    opened = Visitors(keeping(studio, tmp_path / "models")).open(source)
    picture = tmp_path / "saved.png"
    picture.write_bytes(to_png(opened.studio.render(Recipe(seed=8))))
    again = Visitors(keeping(studio, tmp_path / "models"))  # another run, which has opened nothing yet
    with served(again.studio, again) as address:
        visitor = Visitor(browser.new_context(viewport=DESK), address)
        visitor.open(f"yours/{opened.token}/?seed=8")
        there = visitor.picture
        assert there == data_url(opened.studio.render(Recipe(seed=8)).picture, at_least=VIEW)
        visitor.open()  # the house's page, on which a picture of that model is dropped
        visitor.page.locator("#live input[type=file]").set_input_files(picture)
        visitor.page.wait_for_url(f"**/yours/{opened.token}/**")
        visitor.page.wait_for_selector("#live img.after[src]")
        visitor.rest()
        assert visitor.picture == there and visitor.seed == "8"
        assert (complaints(visitor), visitor.outside) == ([], [])
        visitor.context.close()


def test_a_file_that_is_none_leaves_everything_as_it_was(
    browser: Browser, open_address: str, visitors: Visitors, tmp_path: Path
) -> None:
    (tmp_path / "notes.pkl").write_bytes(b"\x80\x04K\x01.")  # a pickle of the number 1
    kept = visitors.kept_models()
    visitor = arrive(browser, open_address, DESK)
    give(visitor.page, tmp_path / "notes.pkl")
    expect(visitor.page.get_by_role("alert")).to_contain_text("notes.pkl")
    expect(visitor.page.locator(".own-link")).to_have_count(0)
    assert visitors.kept_models() == kept
    visitor.context.close()


def test_a_host_without_uploads_says_so(browser: Browser, address: str) -> None:
    visitor = arrive(browser, address, PHONE)
    expect(visitor.page.locator("#open-yours")).to_contain_text("opens no files of visitors")
    expect(visitor.page.locator("input[type=file]")).to_have_count(0)
    assert (complaints(visitor), visitor.outside) == ([], [])
    visitor.context.close()
