"""Every history in checkpoints/: its moments open, are spaced over the whole run, and learnt something on the way."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any

import pytest
import torch

from generator import draw_z, open_checkpoint
from tests.generator.test_house import FOLDER

HISTORIES = {path.parent.relative_to(FOLDER).as_posix(): path for path in sorted(FOLDER.glob("**/history.json"))}
history = pytest.mark.parametrize("name", HISTORIES)


def read(name: str) -> dict[str, Any]:
    return json.loads(HISTORIES[name].read_text(encoding="utf-8"))


@pytest.mark.parametrize(("name", "least"), [("wardrobe", 16), ("orchard", 6), ("terra", 6)])
def test_a_house_model_has_its_history(name: str, least: int):
    assert len(read(f"{name}/history")["moments"]) >= least


@history
def test_moments_go_from_the_first_step_to_the_last(name: str):
    shown = [moment["pictures"] for moment in read(name)["moments"]]
    assert shown[0] == 0
    assert all(a < b for a, b in pairwise(shown))
    steps = [math.log(b / a) for a, b in pairwise(shown[1:])]
    if len(shown) >= 6:  # the histories of worse data are of three moments: the first, an early one and the last
        assert max(steps) < 3, "a gap of more than a factor of twenty"


@history
def test_every_moment_opens_and_paints(name: str):
    for moment in read(name)["moments"]:
        folder = HISTORIES[name].parent / moment["folder"]
        model = open_checkpoint(folder, precision="fp32")
        assert model.has_critic and model.provenance.pictures_seen == moment["pictures"]
        label = [0] if model.classes else None
        x = model.synthesize(model.map(draw_z(0, model.z_dim)[None], label))
        assert torch.isfinite(x).all() and torch.isfinite(model.criticize(x, label)).all()
        assert all(path.stat().st_size < 10_000_000 for path in folder.glob("*.safetensors"))


@history
def test_the_last_moment_is_much_better_than_the_first(name: str):
    moments = read(name)["moments"]
    first, last = moments[0]["scores"], moments[-1]["scores"]
    # By both distances: most of the floor on all features is bias, and grown runs begin at another size, with another
    # floor; on few components untrained pictures may happen to lie well.
    shares = [last[key] / first[key] for key in ("frechet_ratio", "frechet_pca64_ratio")]
    assert max(shares) < 0.7
    assert math.prod(shares) < (0.5 if len(moments) >= 6 else 0.7) ** 2  # those on worse data end after 34,368 pictures
