"""A grey model is drawn, judged, saved and opened like any other: its plane becomes three equal colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from generator import (
    Averages,
    Calibration,
    Critic,
    CriticConfig,
    Generator,
    GeneratorConfig,
    Model,
    Provenance,
    draw_z,
    open_checkpoint,
    save_checkpoint,
)
from generator.families.stylegan2 import StyleGAN2
from postprocess import STEPS, StepUse
from studio import Recipe, Studio, recipe_from_png, to_png

SIZE: dict[str, Any] = {
    "resolution": 32,
    "num_classes": 2,
    "channel_base": 256,
    "channel_max": 16,
    "img_channels": 1,
}
RECIPE = Recipe(seed=3, label="shoe")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    model = Model(
        name="grey",
        version="1.0",
        family=StyleGAN2(
            Generator(GeneratorConfig(**SIZE, z_dim=8, w_dim=8, mapping_layers=2)),
            Critic(CriticConfig(**SIZE, cmap_dim=8, mapping_layers=0)),
        ),
        classes=("shirt", "shoe"),
        averages=Averages(torch.randn(8), torch.randn(2, 8)),
        directions=(),
        calibration=Calibration.measure([0.0, 1.0, 2.0], [-2.0, -1.0, 0.0]),
        provenance=Provenance("Grey", "CC0-1.0", "Nobody", "random numbers", "clothes"),
    )
    folder = tmp_path_factory.mktemp("checkpoints")
    save_checkpoint(model, folder / "grey")
    return folder


@pytest.fixture(scope="module")
def studio(folder: Path) -> Studio:
    return Studio(folder, default="grey", precision="fp32")


def test_a_grey_picture_has_three_equal_colours(studio: Studio):
    picture = studio.render(RECIPE).picture
    assert picture.shape == (32, 32, 3)
    assert np.array_equal(picture[..., 0], picture[..., 1])
    assert np.array_equal(picture[..., 0], picture[..., 2])
    assert picture.std() > 0


def test_the_critic_judges_the_plane_that_was_painted(studio: Studio, folder: Path):
    model = open_checkpoint(folder / "grey", precision="fp32")
    ws = model.map(draw_z(3, 8)[None], [1], RECIPE.psi)
    logit = float(model.criticize(model.synthesize(ws).clamp(-1, 1), [1]))
    reading = studio.render(RECIPE).critic
    assert reading is not None
    assert reading.logit == pytest.approx(logit, abs=1e-4)


def test_a_saved_picture_opens_again(studio: Studio):
    rendering = studio.render(RECIPE)
    assert recipe_from_png(to_png(rendering)) == rendering.recipe


@pytest.mark.parametrize("name", STEPS)
def test_every_step_takes_it(studio: Studio, name: str):
    rendering = studio.render(Recipe(seed=3, label="shirt", steps=(StepUse(name),)), critic="all")
    assert np.isfinite(rendering.picture).all()
    assert rendering.stages[0].critic is not None
