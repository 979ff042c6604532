"""What reaches every page's head: all styles and scripts of the folders, in an order in which they can be made."""

from __future__ import annotations

from pathlib import Path

import pytest

from ui import parts
from ui.bundle import BOOT, STILL, UI, head, module_files, modules, style_sheets

NEWS = "new_part"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A part's folder, elsewhere, with nothing in it yet."""
    monkeypatch.setattr(parts, "__path__", [*parts.__path__, str(tmp_path)])
    (tmp_path / NEWS).mkdir()
    (tmp_path / NEWS / "__init__.py").touch()
    return tmp_path / NEWS


def test_every_file_is_collected() -> None:
    assert set(style_sheets()) == set(UI.rglob("*.css"))
    assert {*module_files().values(), BOOT, STILL} == set(UI.rglob("*.js"))


def test_a_script_stands_after_those_that_it_imports() -> None:
    seen: set[str] = set()
    for name, source in modules():
        wanted = {part.split('"')[0] for part in source.split('"module:')[1:]}
        assert wanted <= seen, name
        assert '"./' not in source and '"../' not in source
        seen.add(name)
    assert seen == set(module_files())


def test_a_new_parts_files_are_taken(folder: Path) -> None:
    (folder / f"{NEWS}.css").write_text(".new { color: red; }")
    (folder / f"{NEWS}.js").write_text(
        'import { text } from "../../assets/dom.js";\nimport { a } from "./beside.js";\n'
    )
    (folder / "beside.js").write_text("export const a = '</script>';")
    text = head()
    assert ".new { color: red; }" in text
    assert text.count("</script>") == 1  # the last one, of the head itself
    of = dict(modules())
    assert of[f"parts/{NEWS}/{NEWS}.js"].splitlines() == [
        'import { text } from "module:assets/dom.js";',
        f'import {{ a }} from "module:parts/{NEWS}/beside.js";',
    ]


@pytest.mark.parametrize(
    ("source", "words"), [('import "./nowhere.js";', "no such file"), (f'import "./{NEWS}.js";', "a circle")]
)
def test_what_cannot_be_imported_is_named(folder: Path, source: str, words: str) -> None:
    (folder / f"{NEWS}.js").write_text(source)
    with pytest.raises(ValueError, match=words):
        modules()
