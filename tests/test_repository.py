"""What must hold for the repository as a whole: sizes, licence, documentation, and what a Space reads."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("app", "generator", "postprocess", "studio", "training", "ui")
MEGABYTE = 10**6

# Every user of pictures from this collection, and of weights trained on them, must carry this statement word for word.
USDA = (
    "U.S. Department of Agriculture Pomological Watercolor Collection. Rare and Special Collections, National "
    "Agricultural Library, Beltsville, MD 20705"
)

# An absolute path of the machine where something was made, in a source, a card or the metadata of a weight file.
MACHINE_PATH = re.compile(rb"(?<![\w./:-])/(?:work|root|var/tmp|home/\w+|Users/\w+)/")


def committed_files() -> list[Path]:
    """The files git tracks; for a copy without git, every file outside hidden folders."""
    if (ROOT / ".git").exists():
        listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        paths = [ROOT / name for name in listing.split("\0") if name]
    else:
        paths = [p for p in ROOT.rglob("*") if not any(part.startswith(".") for part in p.relative_to(ROOT).parts[:-1])]
    return [path for path in paths if path.is_file()]


def front_matter(path: Path) -> tuple[dict[str, object], str]:
    """The YAML block at the head of a Markdown file, and the text after it."""
    _, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(head), body


def one_line(text: str) -> str:
    """`text` with every run of white space as one blank, so that wrapped lines compare equal."""
    return " ".join(text.split())


def undocumented(source: str) -> list[str]:
    """The module, public functions, classes and methods of `source` that have no docstring.

    `forward` is left out: the docstring of its nn.Module describes it.
    """

    def visit(node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[str]:
        for child in node.body:
            if not isinstance(child, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            if child.name.startswith("_") or child.name == "forward":
                continue
            if not ast.get_docstring(child):
                yield f"{prefix}{child.name} (line {child.lineno})"
            if isinstance(child, ast.ClassDef):
                yield from visit(child, f"{child.name}.")

    tree = ast.parse(source)
    return [*([] if ast.get_docstring(tree) else ["module"]), *visit(tree, "")]


COMMITTED = committed_files()
MODULES = sorted(path for room in ROOMS for path in [*ROOT.glob(f"{room}.py"), *(ROOT / room).rglob("*.py")])
CARDS = sorted(path for path in (ROOT / "checkpoints").glob("*") if path.is_dir())


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_committed_file_is_small_enough_for_a_plain_push():
    assert [name_of(path) for path in COMMITTED if path.stat().st_size >= 10 * MEGABYTE] == []


def test_no_stub_that_gradio_writes_is_committed():
    assert [name_of(path) for path in COMMITTED if path.suffix == ".pyi"] == []  # mypy would not look into the source


def test_the_whole_tree_is_small():
    assert sum(path.stat().st_size for path in COMMITTED) < 150 * MEGABYTE


def test_no_committed_file_names_a_path_of_one_machine():
    assert [name_of(path) for path in COMMITTED if MACHINE_PATH.search(path.read_bytes())] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"open('/" + b"work/data.zip')", True),
        (b"see /" + b"home/ada/atelier", True),
        (b"https://example.org/work/1", False),
        (b"frame/work/x and ./root/y", False),
    ],
)
def test_a_path_of_one_machine_is_told_from_others(text: bytes, found: bool):
    assert bool(MACHINE_PATH.search(text)) is found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_everything_public_is_documented(path: Path):
    assert undocumented(path.read_text(encoding="utf-8")) == []


def test_missing_docstrings_are_found():
    method = '    """C."""\n    def m(self): ...\n    def _n(self): ...\n    def forward(self): ...\n'
    assert undocumented('"""M."""\ndef f(): ...\ndef _g(): ...\nclass C:\n' + method) == ["f (line 2)", "C.m (line 6)"]
    assert undocumented("x = 1") == ["module"]


def test_licence_is_apache_2():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License\n" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_readme_has_the_front_matter_of_a_gradio_space():
    head, _ = front_matter(ROOT / "README.md")
    colours = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert head["title"] and head["emoji"]
    assert head["sdk"] == "gradio"
    assert (ROOT / str(head["app_file"])).name == "app.py"
    assert head["license"] == "apache-2.0"
    assert {head["colorFrom"], head["colorTo"]} <= colours
    assert len(str(head["short_description"])) <= 60
    assert isinstance(head["python_version"], str) and isinstance(head["sdk_version"], str)  # unquoted, 3.10 is 3.1


def test_space_installs_a_gradio_that_the_requirements_allow():
    head, _ = front_matter(ROOT / "README.md")
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = {r.name: r for r in map(Requirement, filter(None, (line.split("#")[0].strip() for line in lines)))}
    assert str(head["sdk_version"]) in wanted["gradio"].specifier


def test_readme_names_the_commands_and_the_attribution():
    _, body = front_matter(ROOT / "README.md")
    assert "make run" in body
    assert "make test" in body
    assert USDA in one_line(body)


@pytest.mark.parametrize("folder", CARDS, ids=name_of)
def test_every_checkpoint_has_a_card_with_licence_and_attribution(folder: Path):
    head, body = front_matter(folder / "README.md")
    assert head["license"]
    assert "attribution" in body.lower()


def test_orchard_carries_the_attribution_of_its_pictures():
    card = ROOT / "checkpoints" / "orchard" / "README.md"
    if not card.parent.exists():
        pytest.skip("no orchard here")
    assert USDA in one_line(card.read_text(encoding="utf-8"))
