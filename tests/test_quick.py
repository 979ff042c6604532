"""`make quick` chooses the tests near an edit, nearest first."""

from __future__ import annotations

import pytest

from tests.quick import Graph, distances, import_graph, imported, ranked

GRAPH = {"a.py": set(), "b.py": {"a.py"}, "c.py": {"b.py"}, "d.py": set()}


@pytest.fixture(scope="module")
def graph() -> Graph:
    """What the files of this project import."""
    return import_graph()


def test_distance_is_the_number_of_imports_between():
    assert distances({"a.py"}, GRAPH) == {"a.py": 0, "b.py": 1, "c.py": 2}
    assert distances({"d.py", "c.py"}, GRAPH) == {"c.py": 0, "d.py": 0}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import ui.files", {"ui/files.py"}),
        ("from ui import files", {"ui/__init__.py", "ui/files.py"}),
        ("from .files import field_of", {"ui/files.py"}),
        ("from . import files", {"ui/__init__.py", "ui/files.py"}),
        ("from .tabs import Tab", {"ui/tabs/__init__.py"}),
        ("def f():\n    from app import main", {"app.py"}),
        ("import numpy", set()),
    ],
)
def test_imports_lead_to_files(source: str, found: set[str]):
    files = {"app.py", "ui/__init__.py", "ui/files.py", "ui/page.py", "ui/tabs/__init__.py"}
    assert imported("ui/page.py", source, files) == found


@pytest.mark.parametrize(
    ("edit", "first"),
    [
        ("postprocess/clustering.py", "tests/postprocess/test_clustering.py"),
        ("tests/browser/test_drafts.py", "tests/browser/test_drafts.py"),
        ("checkpoints/orchard/generator.safetensors", "tests/generator/test_house.py"),
        ("tests/ui/conftest.py", "tests/ui/test_page.py"),
    ],
)
def test_the_nearest_tests_come_first(edit: str, first: str, graph: Graph):
    ranks = ranked({edit}, graph)
    assert ranks[first] <= 1
    assert list(ranks.values()) == sorted(ranks.values())


def test_browser_tests_are_left_to_the_whole_suite_unless_edited(graph: Graph):
    assert not [name for name in ranked({"ui/page.py", "app.py"}, graph) if name.startswith("tests/browser/")]
