"""A served page and a real Chromium that watches for errors and for requests to anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, sync_playwright

from studio import Studio
from tests.ui.serving import served, tiny_studio

DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
# Not for wait_for_function: to it a promise is true before it is kept. What was done just before may not have reached
# the live view yet: a page that has rested all along is looked at six times, after all else that it had to do.
REST = """async () => {
    const live = await atelier.part('live');
    const { asked, rests } = live.latest();
    let quiet = rests ? 0 : 6;
    for (const end = performance.now() + 30_000; performance.now() < end; ) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        const now = live.latest();
        if (!now.rests || now.asked !== asked) quiet = 6;
        else quiet++;
        if (quiet >= 6 && now.rests && !document.querySelector('#live .slow')) return;
    }
    throw new Error("The page does not come to rest.");
}"""


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """A studio over a tiny model."""
    return tiny_studio(tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture(scope="session")
def address(studio: Studio) -> Iterator[str]:
    """Where the page is served."""
    with served(studio) as url:
        yield url


@pytest.fixture(scope="package")
def browser(chromium_path: str) -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Visitor:
    """One visitor with a browser of their own, and what their browser complained of."""

    context: BrowserContext
    address: str
    page: Page = field(init=False)
    complaints: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._note(request.url))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _note(self, url: str) -> None:
        if not url.startswith((self.address, "data:", "blob:")):
            self.outside.append(url)

    def open(self, query: str = "") -> None:
        """Go to the page and wait for its first picture and its neighbours."""
        self.page.goto(self.address + query)
        self.page.wait_for_selector("#live img.after[src]")
        self.rest()

    def rest(self) -> None:
        """Wait until the newest picture is shown and the page has come to rest after it."""
        self.page.evaluate(REST)

    def latest(self) -> dict[str, Any]:
        """The values on the plate, the answer they got, and the numbers of the newest request and the shown one."""
        found: dict[str, Any] = self.page.evaluate("async () => (await atelier.part('live')).latest()")
        return found

    @property
    def picture(self) -> str:
        """The picture shown, as a data URL."""
        url = self.page.get_attribute("#live img.after", "src")
        assert url
        return url

    @property
    def seed(self) -> str:
        """What the seed's field says."""
        return self.page.get_by_label("Seed · latent z").input_value()

    @property
    def toasts(self) -> list[str]:
        """The sentences on the page."""
        return self.page.locator(".toast").all_inner_texts()


@contextmanager
def visits(browser: Browser, address: str) -> Iterator[Callable[..., Visitor]]:
    """Let in visitors; afterwards, no visitor's browser may have complained or asked elsewhere."""
    visitors: list[Visitor] = []

    def come(viewport: Any = DESK, **options: Any) -> Visitor:
        context = browser.new_context(viewport=viewport, accept_downloads=True, **options)
        visitors.append(Visitor(context, address))
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.context.close()
    assert [complaint for visitor in visitors for complaint in visitor.complaints] == []
    assert [url for visitor in visitors for url in visitor.outside] == []


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[..., Visitor]]:
    """Let in a visitor; afterwards, no visitor's browser may have complained or asked elsewhere."""
    with visits(browser, address) as come:
        yield come


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    """A visitor at a desk, in front of the first picture."""
    visitor = visit()
    visitor.open()
    return visitor


@pytest.fixture(scope="module")
def staying(browser: Browser, address: str) -> Iterator[Visitor]:
    """A visitor at a desk, in front of the first picture, for all tests of a file that leave it as it was."""
    with visits(browser, address) as come:
        visitor = come()
        visitor.open()
        yield visitor


@pytest.fixture
def moved(staying: Visitor) -> Iterator[Visitor]:
    """The same visitor, for tests that move no more than the picture's controls: these go back afterwards."""
    yield staying
    staying.page.get_by_role("button", name="Reset", exact=True).click()
    staying.rest()
    assert staying.seed == "0" and staying.page.locator(".step").count() == 0
