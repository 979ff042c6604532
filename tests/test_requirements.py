"""What is imported is declared where it is used, and every file that names Pythons names the same ones."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.test_arrows import ARROWS, FREE, imports, sources

ROOT = Path(__file__).resolve().parent.parent
DEVELOPERS = {"training", "bench", "tests"}  # rooms that `make test` and `make train` set up; a Space has them not
PYTHONS = [f"3.{minor}" for minor in range(8, 20)]


def declared(name: str) -> dict[str, Requirement]:
    """The requirements that a file lists, those of the files it includes among them, by plain name."""
    found = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("-r "):
            found.update(declared(line[3:].strip()))
        elif line:
            requirement = Requirement(line)
            found[plain(requirement.name)] = requirement
    return found


def plain(name: str) -> str:
    """A distribution's name as an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def undeclared(names: set[str], listed: set[str]) -> list[str]:
    """Imported packages that no listed distribution brings; those of Python and of this project are not meant.

    What is not installed here goes by its own name.
    """
    foreign = names - set(sys.stdlib_module_names) - {"__future__", *ARROWS, *FREE}
    known = packages_distributions()
    return sorted(name for name in foreign if not {plain(each) for each in known.get(name, [name])} & listed)


def imported(room: str) -> set[str]:
    """Top-level names of everything that a room's files import, wherever in the file."""
    return {
        name.partition(".")[0]
        for path in sources(room)
        for _, name in imports(ast.parse(path.read_text(encoding="utf-8")))
    }


@pytest.mark.parametrize("room", [*ARROWS, *sorted(FREE)])
def test_what_a_room_imports_is_declared(room: str):
    listed = declared("requirements-dev.txt" if room in DEVELOPERS else "requirements.txt")
    assert undeclared(imported(room), set(listed)) == []


def test_what_is_not_declared_is_found():
    listed = {"numpy", "pyyaml"}
    assert undeclared({"numpy", "yaml", "json", "ui", "scipy", "no_such_package"}, listed) == [
        "no_such_package",
        "scipy",
    ]


def test_every_file_names_the_same_pythons():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")  # no tomllib in Python 3.10
    promised = SpecifierSet(re.findall(r'(?m)^requires-python = "(.+)"$', text)[0])
    pythons = [python for python in PYTHONS if promised.contains(f"{python}.1")]
    bounds = re.findall(r"not \((3), (\d+)\) <= .* <= \(3, (\d+)\)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert pythons == [f"3.{minor}" for minor in range(int(bounds[0][1]), int(bounds[0][2]) + 1)]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"Python {', '.join(pythons[:-1])} or {pythons[-1]}" in readme
    assert yaml.safe_load(readme.split("---\n")[1])["python_version"] in pythons
    assert PYTHONS[sys.version_info.minor - 8] in pythons
