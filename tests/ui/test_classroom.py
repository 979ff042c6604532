"""The classroom's sheets: every language says everything, every lesson answers, and refuses in one sentence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import classroom as room
from generator import open_checkpoint
from tests.generator.test_house import PATHS
from ui import classroom
from ui.classroom.duel import duel_functions, history_functions
from ui.classroom.sheet import FIRST, languages, one_of

LESSONS = {lesson.name: lesson for lesson in classroom.find_lessons()}
FOLDER = Path(classroom.__file__).parent
HOLES = re.compile(r"\{(\w+)\}")
PLURALS = re.compile(r"\{(\w+)\?")
TOKEN = "t" * 32


def flat(texts: Any, path: str = "") -> dict[str, str]:
    """Every sentence by its path."""
    if isinstance(texts, str):
        return {path: texts}
    if isinstance(texts, int):
        return {path: str(texts)}
    items = texts.items() if isinstance(texts, dict) else enumerate(texts)
    return {key: value for name, each in items for key, value in flat(each, f"{path}.{name}").items()}


@pytest.mark.parametrize("code", [code for code in languages() if code != FIRST])
def test_a_language_says_all_that_the_first_one_says(code: str):
    said, wanted = flat(languages()[code]), flat(languages()[FIRST])
    assert {path for path in said if not path.startswith(".errors")} == {*wanted}
    for path, sentence in wanted.items():
        assert said[path].strip() and sorted(HOLES.findall(said[path])) == sorted(HOLES.findall(sentence)), path


@pytest.mark.parametrize("code", languages())
def test_a_plural_goes_by_a_number_that_the_sentence_has(code: str):
    said = flat(languages()[code])
    found = {path: set(PLURALS.findall(sentence)) for path, sentence in said.items()}
    assert any(found.values())
    for path, names in found.items():
        assert names <= set(HOLES.findall(said[path])), path


@pytest.mark.parametrize("code", [code for code in languages() if code != FIRST])
def test_a_language_says_every_refusal(code: str):
    sources = [*Path(room.__file__).parent.glob("*.py"), *FOLDER.glob("*.py")]
    keys = {key for path in sources for key in re.findall(r'ClassroomError\(\s*"(\w+)"', path.read_text("utf-8"))}
    assert keys == set(languages()[code]["errors"])


@pytest.mark.parametrize("name", LESSONS)
def test_every_word_that_a_lesson_asks_for_is_there(name: str):
    texts = languages()[FIRST]
    lesson = texts["lessons"][name]
    assert lesson["title"] == LESSONS[name].title and len(lesson["worksheet"]) >= 3
    assert set(lesson["terms"]) <= set(texts["glossary"])
    script = (FOLDER / f"{name}.js").read_text("utf-8")
    for chapter in lesson["chapters"].values():
        assert chapter["question"].strip() and len(chapter["try"]) >= 2
    said = {path.split(".")[-1] for path in flat(lesson)} | set(texts["page"])
    said |= {key for chapter in lesson["chapters"].values() for key in chapter}
    for key in re.findall(r'\bt\("([\w.]+)"', script):
        assert key.split(".")[-1] in said, f"{name}.js asks for {key}"


def test_every_term_is_explained_where_it_is_used():
    used = {term for lesson in languages()[FIRST]["lessons"].values() for term in lesson["terms"]}
    assert used == set(languages()[FIRST]["glossary"])


def test_the_pictures_behind_a_cell_of_the_matrix():
    moment, judged, matrix = history_functions({"wardrobe": room.History(PATHS["wardrobe"] / "history")})
    cells = matrix({"model": "wardrobe"})
    critic, generator = cells["judges"][-1], cells["judges"][0]
    told = judged({"model": "wardrobe", "critic": critic, "generator": generator})
    assert told["sheet"].startswith("data:image/")
    while None in (cells := matrix({"model": "wardrobe"}))["cells"][-1]:
        pass
    assert cells["cells"][-1][0] == pytest.approx(sum(told["readings"]) / len(told["readings"]))
    own = judged({"model": "wardrobe", "critic": critic, "generator": critic})["readings"]
    assert own == moment({"model": "wardrobe", "index": critic, "label": None})["own"][: len(own)]
    assert judged({"model": "wardrobe", "critic": 99, "generator": 0})["key"] == "moment"


def test_a_link_whose_steps_run_away_says_so_and_ends():
    begin, advance = duel_functions()
    assert begin({"token": TOKEN, "program": "n3_G1e9_n400"})["planned"] == 403
    for _ in range(400):
        view = advance({"token": TOKEN, "kind": "n", "most": 1})
        if view["figures"]["state"] == "diverged":
            break
    assert view["figures"]["state"] == "diverged" and view["planned"] == 0
    assert begin({"token": TOKEN})["figures"]["state"] == "start"  # and "begin again" does


def test_a_duel_is_each_visitors_own_and_goes_on_slice_by_slice():
    begin, advance = duel_functions()
    first = begin({"token": TOKEN, "shape": "ring", "seed": 3})
    assert begin({"token": "u" * 32, "shape": "grid"})["real"] != first["real"]
    after = advance({"token": TOKEN, "kind": "n", "most": 1})
    assert after["steps"] == {"g": 1, "d": 1} and after["program"] == "n1" and "real" not in after
    assert advance({"token": "v" * 32, "kind": "n", "most": 4})["lost"]
    json.dumps(after, allow_nan=False)


def test_a_duel_follows_its_link():
    begin, advance = duel_functions()
    began = begin({"token": TOKEN, "program": "n30_G0.02_g12"})
    assert began["planned"] == 42 and began["program"] == ""
    while (view := advance({"token": TOKEN, "kind": "n", "most": 1, "generator": 0.5}))["planned"]:
        pass
    assert view["program"] == "n30_G0.02_g12" and view["rates"]["generator"] == 0.02


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"generator": 0}, "rate"),
        ({"generator": "fast"}, "rate"),
        ({"batch": 10**9}, "batch"),
        ({"kind": "x"}, "program"),
        ({"most": 0}, "program"),
        ({"most": 10**9}, "steps"),
        ({"token": "../.."}, "token"),
    ],
)
def test_what_a_duel_cannot_do_is_said_and_changes_nothing(fields: dict[str, Any], key: str):
    begin, advance = duel_functions()
    begin({"token": TOKEN})
    told = advance({"token": TOKEN, "kind": "n", "most": 1} | fields)
    assert told["key"] == key and told["error"].endswith(".")
    assert advance({"token": TOKEN, "kind": "n", "most": 1})["program"] == "n1"


@pytest.mark.parametrize("request_", [None, 7, [], "begin"])
def test_what_is_no_request_is_refused(request_: object):
    for function in duel_functions():
        assert function(request_)["key"] == "request"


@pytest.mark.parametrize("code", languages())
def test_the_house_speaks_every_language(code: str):
    """Classes and directions of the models that come along; others keep their own names."""
    for path in PATHS.values():
        model = open_checkpoint(path, precision="fp32")
        assert set(model.classes) <= set(languages()[code]["classes"])
        ends = {word for direction in model.directions for word in re.split(" ↔ |, ", direction.title)}
        assert ends <= set(languages()[code]["directions"])


@pytest.mark.parametrize("name", [None, 3, "nobody", ["wardrobe"], {}])
def test_a_model_that_there_is_not(name: object):
    with pytest.raises(room.ClassroomError) as refusal:
        one_of({"wardrobe": 1}, {"model": name})
    assert refusal.value.key == "no_model" and one_of({"wardrobe": 1}, {"model": "wardrobe"}) == 1
