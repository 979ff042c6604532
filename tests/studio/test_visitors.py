"""Models that visitors bring: opened once, kept by content, apart from each other; and those of the command line."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator import CheckpointError, Model, save_checkpoint
from generator.storage import conversion as convert
from studio import BroughtError, Recipe, RecipeError, Studio, StudioError, Visitors, given_model, visitors
from tests.studio.conftest import keeping, tiny_model


@pytest.fixture(autouse=True)
def foreign(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any file opens as a model whose weights are drawn from its bytes; and the critic gets little time."""

    def open_foreign(path: Path, critic: Path | None) -> Model:
        model = tiny_model("tiny", classes=("0", "1"), seed=sum(path.read_bytes()))
        return replace(model, directions=(), calibration=None, averages=replace(model.averages, classes=None))

    monkeypatch.setattr(convert, "open_foreign", open_foreign)
    monkeypatch.setattr(visitors, "CALIBRATION_SECONDS", 0.0)


def file(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / name).write_bytes(content)
    return folder / name


def test_an_opened_model_is_painted_and_named_by_its_content(studio: Studio, tmp_path: Path):
    opened = Visitors(keeping(studio, tmp_path / "kept")).open(file(tmp_path, "My Cats.pkl", b"abc"))
    rendering = opened.studio.render(Recipe(label="1", moves=(("sefa1", 2.0),)))
    version = convert.content_hash(tmp_path / "My Cats.pkl")
    assert (rendering.recipe.model, rendering.recipe.version) == ("my-cats", version)
    assert rendering.raw.shape == (32, 32, 3)
    assert opened.facts["classes"] == 2 and opened.facts["critic"] and opened.facts["parameters"] > 1000
    assert [model["name"] for model in opened.studio.models()] == ["my-cats"]


def test_a_repository_of_the_hub_is_fetched_and_opened(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[tuple[str, int]] = []

    def fetch(repository: str, limit: int) -> tuple[Path, None]:
        asked.append((repository, limit))
        return file(tmp_path, "cats.pkl", b"abc"), None

    monkeypatch.setattr(visitors, "fetch", fetch)
    said: list[str] = []
    local = Visitors(keeping(studio, tmp_path / "kept"), limit=5)
    opened = local.open_from_hub(" nobody/cats ", lambda what, share: said.append(what))
    assert asked == [("nobody/cats", 5)] and said[0] == "fetching it from the hub"
    assert opened.name == "cats" and local.is_kept(opened.token)
    with pytest.raises(StudioError, match=r"^Files are fetched from the hub only where .* your own machine\.$"):
        Visitors(studio).open_from_hub("nobody/cats")
    assert len(asked) == 1


def test_the_house_and_its_visitors_do_not_see_each_other(studio: Studio, tmp_path: Path):
    own = Visitors(keeping(studio, tmp_path / "kept"))
    cats, dogs = (own.open(file(tmp_path, f"{name}.pkl", name.encode())) for name in ("cats", "dogs"))
    for where, name in ((studio, "cats"), (cats.studio, "dogs"), (cats.studio, "tiny")):
        with pytest.raises(RecipeError, match=name):
            where.render(Recipe(model=name))
    assert studio.default == "tiny" and dogs.studio.default == "dogs"


def test_a_recipe_of_another_file_of_the_same_name_is_refused(studio: Studio, tmp_path: Path):
    own = Visitors(keeping(studio, tmp_path / "kept"))
    one, two = (own.open(file(tmp_path / name, "cats.pkl", name.encode())) for name in ("a", "b"))
    recipe = one.studio.normalise(Recipe())
    assert not np.array_equal(one.studio.render(Recipe()).raw, two.studio.render(Recipe()).raw)
    version = one.facts["version"][:8]
    with pytest.raises(BroughtError, match=rf"cats, .*{version}….* is kept on this machine, open it again") as refusal:
        two.studio.render(recipe)
    assert refusal.value.is_kept


def test_a_recipe_says_which_file_must_be_opened_for_it(studio: Studio, tmp_path: Path):
    host = Visitors(studio)
    opened = host.open(file(tmp_path, "cats.pkl", b"abc"))
    recipe = opened.studio.normalise(Recipe())
    for where in (studio, host.open(file(tmp_path, "dogs.pkl", b"abcd")).studio):
        with pytest.raises(BroughtError) as refusal:
            where.render(recipe)
        assert str(refusal.value) == (
            f"This picture was made with cats, a model that was brought from a file (content {recipe.version[:8]}…): "
            "its file must be opened first under “Open your own”."
        )
    for unknown in (Recipe(model="cats"), Recipe(model="cats", version="1.0")):
        with pytest.raises(RecipeError, match="There is no model called 'cats'; there is"):
            studio.render(unknown)


def test_the_second_opening_converts_nothing(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = file(tmp_path, "cats.pkl", b"abc")
    first = Visitors(keeping(studio, tmp_path / "kept")).open(source)
    monkeypatch.setattr(visitors, "convert", None)  # would fail
    again = Visitors(keeping(studio, tmp_path / "kept"))
    assert again.kept_models() == {first.token: first.folder}
    assert again.open(file(tmp_path, "renamed.pkl", b"abc")).folder == first.folder
    assert again.reopen(first.token).facts == first.facts


def test_classes_get_the_names_of_a_file(studio: Studio, tmp_path: Path):
    local, source = Visitors(keeping(studio, tmp_path / "kept")), file(tmp_path, "cats.pkl", b"abc")
    plain = local.open(source)
    named = local.open(source, None, file(tmp_path, "names.txt", b"tabby\nManx: no tail\n"))
    assert named.studio.models()[0]["classes"] == ["tabby", "Manx: no tail"] and named.token != plain.token
    recipe = named.studio.normalise(Recipe(label="Manx: no tail"))
    assert Recipe.from_query(recipe.to_query()) == recipe
    assert np.array_equal(named.studio.render(recipe).raw, plain.studio.render(Recipe(label="1")).raw)
    with pytest.raises(StudioError, match=r"^few\.txt names 1 class, but the model has 2: it wants one name a line\.$"):
        local.open(source, None, file(tmp_path, "few.txt", b"tabby"))
    assert len(local.kept_models()) == 2
    again = local.open(file(tmp_path, "renamed.pkl", b"abc"))
    assert again.folder == named.folder, "a file that came with names has them when it is opened again"
    shutil.rmtree(named.folder.parent)
    assert local.open(source).folder == plain.folder


def test_on_a_host_nobody_meets_and_nothing_stays(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    host = Visitors(studio)
    source = file(tmp_path, "cats.pkl", b"abc")
    mine, yours = host.open(source), host.open(source)
    assert mine.token != yours.token and mine.folder != yours.folder
    assert len(mine.token) >= 20 and mine.facts["version"] not in mine.token
    assert host.kept_models() == {}
    with pytest.raises(StudioError):
        host.reopen(mine.token)
    monkeypatch.setattr(visitors, "MAX_MODELS", 2)
    assert host.get(mine.token) is mine  # used last: `yours` is the oldest now
    host.open(source)
    assert host.get(yours.token) is None and not yours.folder.exists()
    assert host.get(mine.token) is mine and mine.folder.exists()
    assert mine.token in host.current() and yours.token not in host.current()


def test_on_a_host_a_model_is_forgotten_when_it_went_unused(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    host, local = Visitors(studio), Visitors(keeping(studio, tmp_path / "kept"))
    source = file(tmp_path, "cats.pkl", b"abc")
    clock = [0.0]
    monkeypatch.setattr("studio.visitors.time.monotonic", lambda: clock[0])
    used, unused, kept = host.open(source), host.open(source), local.open(source)
    clock[0] = visitors.MAX_AGE - 1
    assert set(host.current()) == {used.token, unused.token} and host.get(used.token) is used
    clock[0] = visitors.MAX_AGE
    assert set(host.current()) == {used.token} and used.folder.exists() and not unused.folder.exists()
    assert set(local.current()) == {kept.token} and kept.folder.exists()


def test_a_model_that_is_open_is_not_opened_twice(studio: Studio, tmp_path: Path):
    local = Visitors(keeping(studio, tmp_path / "kept"))
    opened = local.open(file(tmp_path, "cats.pkl", b"abc"))
    assert local.reopen(opened.token) is opened and local.open(tmp_path / "cats.pkl") is opened


def test_a_file_that_cannot_be_opened_leaves_nothing_on_a_host(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def beside(*_: object) -> Studio:
        raise StudioError("The model cats cannot be opened: out of luck.")

    monkeypatch.setattr(studio, "beside", beside)
    host, root = Visitors(studio), tmp_path / "host" / "token"
    monkeypatch.setattr(host, "_root", lambda: root)
    with pytest.raises(StudioError, match="out of luck"):
        host.open(file(tmp_path, "cats.pkl", b"abc"))
    assert list((tmp_path / "host").iterdir()) == []


@pytest.mark.parametrize("token", ["", ".", "..", "../kept", "0" * 16, "models", "ABCDEF0123456789"])
def test_only_what_is_kept_is_kept(studio: Studio, tmp_path: Path, token: str):
    local = Visitors(keeping(studio, tmp_path / "kept"))
    opened = local.open(file(tmp_path, "cats.pkl", b"abc"))
    save_checkpoint(tiny_model("cats"), tmp_path / "kept" / "models" / "cats")
    assert local.is_kept(opened.token) and not local.is_kept(token) and not Visitors(studio).is_kept(opened.token)


def test_what_is_no_checkpoint_is_refused_in_a_sentence(studio: Studio, tmp_path: Path):
    own = Visitors(keeping(studio, tmp_path / "kept"))
    with pytest.raises(StudioError, match=r"notes\.txt is no checkpoint"):
        own.open(file(tmp_path, "notes.txt", b"abc"))
    with pytest.raises(StudioError, match=r"gone\.pkl cannot be read"):
        own.open(tmp_path / "gone.pkl")
    assert own.kept_models() == {}


def test_a_file_that_turns_out_broken_leaves_no_folder(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def check(*_: object) -> None:
        raise CheckpointError("cats.pkl does not survive conversion.")

    monkeypatch.setattr(convert, "_check", check)
    with pytest.raises(StudioError, match="does not survive"):
        Visitors(keeping(studio, tmp_path / "kept")).open(file(tmp_path, "cats.pkl", b"abc"))
    assert list((tmp_path / "kept").iterdir()) == []


def test_two_programs_may_convert_the_same_file_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source, kept = file(tmp_path, "cats.pkl", b"abc"), tmp_path / "kept"
    check = convert._check

    def meanwhile(*arguments: Any) -> None:
        check(*arguments)
        monkeypatch.setattr(convert, "_check", check)
        visitors.local_folder(source, root=kept)

    monkeypatch.setattr(convert, "_check", meanwhile)
    folder = visitors.local_folder(source, root=kept)
    assert [path.parent for path in kept.rglob("generator.safetensors")] == [folder]
    assert sorted(path.name for path in folder.parent.iterdir()) == ["cats"]


# ---- the command line ---------------------------------------------------------------------------------------------


def test_the_command_line_takes_a_file_or_a_checkpoint(tmp_path: Path):
    source = file(tmp_path, "cats.pkl", b"abc")
    name, folder = given_model(str(source), tmp_path / "kept")
    assert name == "cats" and folder.parent.parent == tmp_path / "kept"
    assert given_model(str(folder), tmp_path / "kept") == ("cats", folder)
    save_checkpoint(tiny_model("house"), tmp_path / "house")
    found = Studio(tmp_path, default="cats", precision="fp32", further={"cats": folder})
    assert [model["name"] for model in found.models()] == ["house", "cats"]
    assert found.render(Recipe()).recipe.model == "cats"


@pytest.mark.parametrize("source", ["no-such-file.pkl", "a/b/c", "../x/y"])
def test_what_is_neither_file_nor_repository(source: str, tmp_path: Path):
    with pytest.raises(StudioError, match="There is no file"):
        given_model(source, tmp_path)
