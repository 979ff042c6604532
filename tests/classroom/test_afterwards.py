"""Post-processing in lessons: the studio's own steps and readings, shares that add up, refusals in one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from classroom.afterwards import BINS, CHANNELS, histogram, segment, treat
from classroom.errors import ClassroomError
from classroom.specimens import MOST_USES, Specimens
from postprocess import STEPS
from studio import Studio
from tests.ui.serving import MODEL, tiny_studio
from ui.classroom.sheet import languages


@pytest.fixture(scope="module")
def specimens(tmp_path_factory: pytest.TempPathFactory) -> Specimens:
    return Specimens(tiny_studio(tmp_path_factory.mktemp("checkpoints")), [MODEL])


def test_a_histogram_counts_every_pixel_in_its_range():
    ramp = np.repeat(np.linspace(0, 1, BINS * 3, dtype=np.float32).reshape(-1, 1, 1), 3, axis=2)
    found = histogram(ramp)
    assert set(found) == set(CHANNELS)
    for shares in found.values():
        assert sum(shares) == pytest.approx(1, abs=1e-3) and len(shares) == BINS
        assert max(shares) - min(shares) <= 2 / len(ramp)  # a ramp is even; an edge falls to one side or the other
    assert histogram(np.zeros((4, 4, 3), np.float32))["red"][0] == 1


def test_every_stage_is_what_the_studio_says(specimens: Specimens):
    steps = [{"name": "saturation", "parameters": {"amount": 0}}, {"name": "boundaries"}]
    found = treat(specimens, MODEL, 3, 1, steps)
    again = specimens.studio.render(found.rendering.recipe)
    assert [stage.critic.percentile_real for stage in again.stages if stage.critic] == pytest.approx(
        found.readings[1:], abs=0.05
    )
    grey = found.rendering.stages[0].image
    assert np.abs(grey - grey[..., :1]).max() < 1e-5
    before, after = found.histograms["red"]
    assert before == histogram(found.rendering.raw)["red"] and after == histogram(found.rendering.picture)["red"]


@pytest.mark.parametrize("count", [1, 4, 12])
def test_regions_share_the_whole_picture(specimens: Specimens, count: int):
    found = segment(specimens, MODEL, 0, 0, count)
    assert 1 <= len(found.facts) <= count and sum(each["share"] for each in found.facts) == pytest.approx(1, abs=1e-3)
    assert found.shown.shape == found.picture.shape


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (("nobody", 0, 0, []), "no_model"),
        ((MODEL, -1, 0, []), "seed"),
        ((MODEL, 0, 99, []), "class"),
        ((MODEL, 0, 0, "blur"), "request"),
        ((MODEL, 0, 0, [{"name": "bake"}]), "step"),
        ((MODEL, 0, 0, [{"name": "saturation", "parameters": {"amount": float("nan")}}]), "step_setting"),
        ((MODEL, 0, 0, [{"name": "grain"}] * (MOST_USES + 1)), "many_steps"),
    ],
)
def test_what_cannot_be_done_is_refused(specimens: Specimens, arguments: tuple[object, ...], key: str):
    with pytest.raises(ClassroomError) as refusal:
        treat(specimens, *arguments)
    assert refusal.value.key == key
    with pytest.raises(ClassroomError):
        segment(specimens, MODEL, 0, 0, 13)


def test_the_texts_name_steps_that_there_are():
    for texts in languages().values():
        assert set(texts["lessons"]["afterwards"]["steps"]) <= set(STEPS)
        assert set(texts["lessons"]["afterwards"]["about"]) <= set(STEPS)


def test_models_that_a_lesson_does_not_list_are_none_of_its(specimens: Specimens):
    studio: Studio = specimens.studio
    assert set(Specimens(studio).classes) > set(specimens.classes) == {MODEL}
