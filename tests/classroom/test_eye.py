"""The critic's eye on the plate: what hiding costs, what a little light does, and where that is in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from classroom.errors import ClassroomError
from classroom.eye import CELLS, look, occlusion, places, veil
from generator import save_checkpoint
from postprocess import StepUse
from studio import Recipe, Studio
from tests.generator.test_house import FOLDER
from tests.studio.conftest import tiny_model

RECIPE = Recipe(model="wardrobe", seed=3, label="trouser")


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio({"wardrobe": FOLDER / "wardrobe"}, "wardrobe", precision="fp32")


def test_only_what_the_judge_looks_at_speaks():
    """A judge that adds up one corner: hiding that corner costs, hiding another place costs nothing."""
    image = torch.zeros(1, 1, 16, 16)
    image[..., :4, :4] = 1.0

    def corner(images: torch.Tensor) -> torch.Tensor:
        return images[:, 0, :4, :4].sum(dim=(1, 2))

    found = occlusion(corner, image)
    assert found.shape == (CELLS, CELLS)
    assert found[:2, :2].min() > 0 and abs(found[3:, 3:]).max() < 1e-6
    assert found[0, 0] == pytest.approx(16 * (1 - float(image.mean())), rel=1e-5)
    assert places(found)[0] == "upper left"


def test_it_is_the_models_own_critic_before_the_finished_picture(studio: Studio):
    blurred = replace(RECIPE, steps=(StepUse("gaussian_blur", parameters={"sigma": 1.0}),))
    plain, after = look(studio, RECIPE), look(studio, blurred)
    assert (plain.occlusion != after.occlusion).any() and plain.gradient.shape == (32, 32)
    picture = torch.from_numpy(after.rendering.picture.copy()).permute(2, 0, 1)[None].mean(dim=1, keepdim=True) * 2 - 1
    row, column = np.unravel_index(np.abs(after.gradient).argmax(), after.gradient.shape)
    brighter = picture.clone()
    brighter[0, 0, row, column] += 1e-2
    with studio.working("wardrobe") as model:
        before, moved = (float(model.criticize(image, [1])[0]) for image in (picture, brighter))
    assert moved - before == pytest.approx(1e-2 * after.gradient[row, column], rel=0.1)


def test_a_model_without_a_critic_is_refused(tmp_path):
    save_checkpoint(tiny_model("bare", critic=False), tmp_path / "bare")
    with pytest.raises(ClassroomError):
        look(Studio(tmp_path, "bare"), Recipe(model="bare"))


def test_a_veil_tells_for_from_against_by_lightness():
    colours, opacity = veil(np.array([[1.0, 0.0], [-1.0, 0.0]], np.float32))
    assert colours[0, 0].mean() > 0.6 > 0.3 > colours[1, 0].mean()
    assert opacity[0, 0] == opacity[1, 0] > 0.5 and (opacity[:, 1] == 0).all()


@pytest.mark.parametrize(
    ("at", "words"), [((0, 7), "upper right"), ((4, 4), "centre"), ((7, 4), "lower part"), ((4, 0), "middle left")]
)
def test_places_have_names(at: tuple[int, int], words: str):
    values = np.zeros((8, 8), np.float32)
    values[at] = 1
    assert places(values)[0] == words
    assert places(-values)[1] == words
