"""`make quick`: the tests that an edit is likeliest to break, nearest first, for a minute and a quarter.

Edited is what differs from where this branch left the main one, or from HEAD^ where nothing does. How near a test file
is, is how many imports lie between. Browser tests run only where they were edited themselves. The tests of pure
functions on arrays, and of the repository, take what time is left; what no time is left for is counted.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from time import monotonic

import pytest

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 75.0
MAIN = ("main", "origin/main", "origin/HEAD")  # the first there is
ALWAYS = ("tests/test_*.py", "tests/postprocess/test_*.py", "tests/pictures/test_*.py")
HOUSE = "tests/generator/test_house*.py"  # of the checkpoints that come with the project
BROWSER = "tests/browser/"

Graph = Mapping[str, set[str]]  # file → the project's files that it imports


def git(*arguments: str) -> list[str]:
    """The lines that git answers; none where it refuses."""
    done = subprocess.run(["git", "-c", "safe.directory=*", *arguments], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.splitlines() if done.returncode == 0 else []


def edited() -> set[str]:
    """Names of the files that this branch changed, committed or not."""
    base = next(filter(None, (git("merge-base", "HEAD", main) for main in MAIN)), ["HEAD"])[0]
    untracked = git("ls-files", "--others", "--exclude-standard")
    return {*git("diff", "--name-only", base), *untracked} or set(git("diff", "--name-only", "HEAD^"))


def import_graph() -> dict[str, set[str]]:
    """What each Python file of the project imports of it."""
    names = [*ROOT.glob("*.py"), *(path for room in ROOT.glob("*/__init__.py") for path in room.parent.rglob("*.py"))]
    files = {path.relative_to(ROOT).as_posix() for path in names}
    return {name: imported(name, (ROOT / name).read_text(encoding="utf-8"), files) for name in files}


def imported(name: str, source: str, files: set[str]) -> set[str]:
    """Those of `files` that the file of that name imports, and the conftest.py files that pytest gives it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.replace(".", "/") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = [*Path(name).parts[: -node.level]] if node.level else []
            module = "/".join([*above, *(node.module or "").split(".")]).strip("/")
            found |= {module, *(f"{module}/{alias.name}" for alias in node.names)}
    if Path(name).name.startswith("test_"):
        found |= {f"{folder.as_posix()}/conftest" for folder in Path(name).parents}
    return {file for each in found for file in (f"{each}.py", f"{each}/__init__.py") if file in files} - {name}


def distances(starts: Iterable[str], graph: Graph) -> dict[str, int]:
    """How many imports lie between each file and the nearest of `starts`, for all that reach one."""
    far = dict.fromkeys(starts, 0)
    ring = set(far)
    while ring:
        ring = {file for file, imports in graph.items() if imports & ring and file not in far}
        far |= {file: 1 + max(far.values()) for file in ring}
    return far


def standing_for(name: str, graph: Graph) -> str:
    """The Python file that an edited file counts as: scripts and style sheets as the module beside them."""
    path = Path(name)
    near = [path, path.with_suffix(".py"), *(folder / "__init__.py" for folder in path.parents)]
    return next((each.as_posix() for each in near if each.as_posix() in graph), name)


def ranked(names: Iterable[str], graph: Graph) -> dict[str, int]:
    """The test files to run for these edits, nearest first, with their distance."""
    starts = {standing_for(name, graph) for name in names}
    if any(name.startswith("checkpoints/") for name in names):
        starts |= {path.relative_to(ROOT).as_posix() for path in ROOT.glob(HOUSE)}
    far = distances(starts, graph)
    for path in (path for pattern in ALWAYS for path in ROOT.glob(pattern)):
        far.setdefault(path.relative_to(ROOT).as_posix(), 1 + max(far.values(), default=0))
    tests = {name: far[name] for name in sorted(far) if Path(name).name.startswith("test_")}
    return {
        name: distance
        for name, distance in sorted(tests.items(), key=lambda item: item[1])
        if not (name.startswith(BROWSER) and distance)
    }


class Hurry:
    """A pytest plugin: tests in the order of their files, and none begun after the deadline."""

    def __init__(self, ranks: Mapping[str, int], deadline: float) -> None:
        self.order, self.deadline = {name: i for i, name in enumerate(ranks)}, deadline

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Nearest first."""
        items.sort(key=lambda item: self.order.get(item.nodeid.partition("::")[0], len(self.order)))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """Time is up: leave it to `make test`."""
        if monotonic() > self.deadline:
            pytest.skip("no time left in `make quick`: run `make test`")


def main() -> int:
    """Choose, say what was chosen, run."""
    deadline = monotonic() + SECONDS
    names = edited()
    ranks = ranked(names, import_graph())
    print(f"{len(names)} files edited, {len(ranks)} test files near them")
    return pytest.main(["-q", "-x", *ranks], plugins=[Hurry(ranks, deadline)])


if __name__ == "__main__":
    sys.exit(main())
