"""The page's scripts without a browser: what is pure in them is tested by node, beside these tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.node import complaints, run_node

FILES = sorted((Path(__file__).parent / "javascript").glob("*.test.js"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_in_node(path: Path) -> None:
    run = run_node("--test", "--test-reporter=spec", path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "tests 0" not in run.stdout


@pytest.mark.parametrize("source", ["export default function ({", "import { a } from './b.js'\nlet a;", "const = 1"])
def test_a_script_that_cannot_be_read_is_found(tmp_path: Path, source: str) -> None:
    (tmp_path / "bad.js").write_text(source)
    (tmp_path / "good.js").write_text("export const a = 1;\n")
    assert [each.split(":")[0] for each in complaints(sorted(tmp_path.iterdir()))] == ["bad.js"]
