"""Pictures as their encoder's numbers: they are the model's own; what is kept and changed is just that."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from classroom import training_data
from classroom.encoded import BETWEEN, LIMIT, MADE, REAL, Encodings
from classroom.errors import ClassroomError
from classroom.specimens import Specimens
from classroom.training_data import RealPictures
from generator import save_checkpoint
from generator.measuring import Index
from studio import Studio
from tests.generator.build import ENCODER, lively_model
from tests.ui.serving import MODEL, RECORDS


@pytest.fixture(scope="module")
def encodings(tmp_path_factory: pytest.TempPathFactory) -> Encodings:
    folder = tmp_path_factory.mktemp("checkpoints")
    save_checkpoint(lively_model(encoder=ENCODER), folder / MODEL)
    Index.build("efficientnet-lite2", RECORDS, torch.rand(12, 20), torch.rand(4, 20)).save(folder / MODEL)
    specimens = Specimens(Studio(folder, default=MODEL, precision="fp32"))
    return Encodings(specimens, {MODEL: RealPictures(folder / MODEL, specimens.classes[MODEL])})


def paint(encodings: Encodings, code: torch.Tensor, label: int) -> torch.Tensor:
    with encodings._specimens.studio.working(MODEL) as model:
        return model.synthesize(model.map(code, [label])).clamp(-1, 1)


def test_the_code_is_the_encoders_and_what_is_painted_again_the_generators(encodings: Encodings):
    found = encodings.encoded(MODEL, MADE, 3, 1)
    with encodings._specimens.studio.working(MODEL) as model:
        code, spread = model.encode(found.picture, [1])
    torch.testing.assert_close(found.code, code)
    assert spread[0, list(found.surest)].diff().min() >= 0 and sorted(found.surest) == list(range(code.shape[1]))
    again, kept = encodings.again(found, MODEL, 1, [], code.shape[1])
    torch.testing.assert_close(kept, code)
    torch.testing.assert_close(again, paint(encodings, code, 1))


@pytest.mark.parametrize("keep", [1, 3])
def test_what_is_not_kept_is_nothing_and_what_is_changed_is_that(encodings: Encodings, keep: int):
    found = encodings.encoded(MODEL, MADE, 0, 0)
    _, code = encodings.again(found, MODEL, 0, [[2, -1.5]], keep)
    assert code[0, 2] == -1.5
    for place in range(code.shape[1]):
        if place != 2:
            assert code[0, place] == (found.code[0, place] if place in found.surest[:keep] else 0)


def test_a_way_leads_from_one_picture_to_the_other(encodings: Encodings):
    first, last = (encodings.encoded(MODEL, MADE, seed, seed) for seed in (0, 1))
    ends = [encodings.between(first, last, MODEL, (0, 1), step) for step in (0, BETWEEN - 1)]
    torch.testing.assert_close(ends[0], encodings.again(first, MODEL, 0, [], first.code.shape[1])[0])
    torch.testing.assert_close(ends[1], encodings.again(last, MODEL, 1, [], first.code.shape[1])[0])


def test_real_pictures_are_read_where_they_are_and_refused_where_not(encodings: Encodings, monkeypatch):
    assert not encodings.has_real(MODEL)
    with pytest.raises(ClassroomError) as refusal:
        encodings.encoded(MODEL, REAL, 0, 0)
    assert refusal.value.key == "not_here"
    monkeypatch.setattr(training_data, "read_picture", lambda record: np.full((32, 32, 3), 0.25, np.float32))
    assert encodings.has_real(MODEL)
    found = encodings.encoded(MODEL, REAL, 15, 0)
    assert found.record == RECORDS[3] and torch.allclose(found.picture, torch.tensor(-0.5), atol=0.01)


@pytest.mark.parametrize("changed", [None, [3], [[0]], [[99, 0]], [[0, LIMIT + 1]], [[0, float("nan")]], [[0, "1"]]])
def test_numbers_that_fit_no_code(encodings: Encodings, changed: object):
    found = encodings.encoded(MODEL, MADE, 0, 0)
    with pytest.raises(ClassroomError) as refusal:
        encodings.again(found, MODEL, 0, changed, 1)
    assert refusal.value.key == "code_numbers"


@pytest.mark.parametrize(
    "asked", [("x", MADE, 0, 0), (MODEL, "stolen", 0, 0), (MODEL, MADE, -1, 0), (MODEL, MADE, 0, 9)]
)
def test_pictures_that_there_are_not(encodings: Encodings, asked: tuple[object, ...]):
    with pytest.raises(ClassroomError):
        encodings.encoded(*asked)
