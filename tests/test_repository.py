"""What must hold for the repository as a whole: sizes, licence, documentation, and what a Space reads."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("app", "generator", "host", "pictures", "postprocess", "studio", "training", "ui")
MEGABYTE = 10**6
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)

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
        command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]  # the clone may belong to another user
        listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
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

    A method that overrides one of a class in the same file has that one's; the docstring of an nn.Module is its
    `forward`'s.
    """
    tree = ast.parse(source)
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}

    def documented(name: str) -> set[str]:
        """Methods with a docstring of the class of that name or of its bases, as far as they are in this file."""
        if name not in classes:
            return {"forward"}
        own = {child.name for child in classes[name].body if isinstance(child, FUNCTION) and ast.get_docstring(child)}
        return own.union(*(documented(ast.unparse(base)) for base in classes[name].bases))

    def public(nodes: list[ast.stmt]) -> list[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
        return [n for n in nodes if isinstance(n, (ast.ClassDef, *FUNCTION)) and not n.name.startswith("_")]

    found = [] if ast.get_docstring(tree) else ["module"]
    for node in public(tree.body):
        if not ast.get_docstring(node):
            found.append(f"{node.name} (line {node.lineno})")
        if isinstance(node, ast.ClassDef):
            bare = [child for child in public(node.body) if child.name not in documented(node.name)]
            found += [f"{node.name}.{child.name} (line {child.lineno})" for child in bare]
    return found


COMMITTED = committed_files()
MODULES = sorted(path for room in ROOMS for path in [*ROOT.glob(f"{room}.py"), *(ROOT / room).rglob("*.py")])
CARDS = sorted(path for path in (ROOT / "checkpoints").glob("*") if path.is_dir())


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_committed_file_is_small_enough_for_a_plain_push():
    assert [name_of(path) for path in COMMITTED if path.stat().st_size >= 10 * MEGABYTE] == []


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


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("x = 1", ["module"]),
        ('"""M."""\ndef f(): ...\ndef _g(): ...', ["f (line 2)"]),
        ('"""M."""\nclass C: ...', ["C (line 2)"]),
        ('"""M."""\nclass C:\n    """C."""\n    def m(self): ...', ["C.m (line 4)"]),
        ('"""M."""\nclass C(nn.Module):\n    """C."""\n    def forward(self): ...', []),
        ('"""M."""\nclass _A:\n    def m(s): "m"\nclass B(_A):\n    """B."""\n    def m(s): ...', []),
    ],
)
def test_missing_docstrings_are_found(source: str, found: list[str]):
    assert undocumented(source) == found


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
