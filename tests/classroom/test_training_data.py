"""What wardrobe and orchard learned from: runs on worse data are compared at one age, records have their classes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from classroom.errors import ClassroomError
from classroom.training_data import WHOLE, Diets, RealPictures, find_diets, find_real
from generator import open_checkpoint
from generator.measuring import INDEX_FILE, open_remembered
from tests.generator.test_house import FOLDER


@pytest.fixture(scope="module")
def diets() -> Diets:
    return Diets(FOLDER / "wardrobe")


def test_all_runs_have_seen_as_many_pictures(diets: Diets):
    assert diets.names == (WHOLE, "tenth", "noisy", "missing")
    for row in diets.told_of():
        folder = "history" if row["name"] == WHOLE else f"worse/{row['name']}"
        told = json.loads((FOLDER / "wardrobe" / folder / "history.json").read_text(encoding="utf-8"))["moments"]
        moment = next(each for each in told if each["pictures"] == diets.pictures_seen)
        assert row["frechet"] == moment["scores"]["frechet_ratio"] and row["recognised"] == moment["recognised"]


def test_what_was_never_shown_is_not_painted(diets: Diets):
    assert next(row for row in diets.told_of() if row["name"] == "missing")["recognised"]["trouser"] == 0
    assert diets.pictures("missing", 1).shape == diets.pictures(WHOLE, 1).shape


def test_records_and_classes():
    real = RealPictures(FOLDER / "orchard", open_checkpoint(FOLDER / "orchard").classes)
    assert sum(real.balance.values()) == len(real.index.records)
    some = real.some("apple", count=4)
    assert len({each.record for each in some}) == 4 and all(each.record.startswith("apple/") for each in some)
    assert all(each.source and each.source.startswith("https://") for each in some)
    assert [each.record for each in real.some("apple", page=1, count=4)] != [each.record for each in some]


def test_a_class_that_no_record_says_is_known_from_what_is_remembered(tmp_path: Path):
    classes = open_checkpoint(FOLDER / "wardrobe").classes
    real, kept = RealPictures(FOLDER / "wardrobe", classes), open_remembered(FOLDER / "wardrobe")
    for record, label in zip(kept.records[::97], kept.labels.tolist()[::97], strict=True):
        assert real.kinds[record] == classes[label]
    assert all(real.kinds[each.record] == "bag" for each in real.some("bag"))
    assert sum(real.balance.values()) == len(real.index.records)
    shutil.copy(FOLDER / "wardrobe" / INDEX_FILE, tmp_path)
    assert RealPictures(tmp_path, classes).balance == {} == RealPictures(FOLDER / "wardrobe").balance


def test_models_without_are_left_out(tmp_path: Path):
    assert find_diets({"none": tmp_path}) == {} == find_real({"none": tmp_path}, {})


@pytest.mark.parametrize("run", ["fed", None, 3])
def test_no_such_run(diets: Diets, run: object):
    with pytest.raises(ClassroomError):
        diets.pictures(run, None)


@pytest.mark.parametrize(("label", "page"), [("turnip", 0), ("apple", -1), ("apple", 1.5)])
def test_no_such_pictures(label: str, page: int):
    with pytest.raises(ClassroomError):
        RealPictures(FOLDER / "orchard", ["apple", "pear"]).some(label, page)
