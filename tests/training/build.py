"""Drawn pictures and settings small enough to train on within a test."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

from generator import CriticConfig, GeneratorConfig
from training.settings import Settings

SIDE = 32
CLASSES = ("disc", "square")
SETTINGS = Settings(
    GeneratorConfig(
        SIDE,
        num_classes=2,
        z_dim=16,
        w_dim=32,
        mapping_layers=2,
        channel_base=256,
        channel_max=16,
        head="shuffle",
    ),
    CriticConfig(SIDE, num_classes=2, channel_base=256, channel_max=16, stem="strided", cmap_dim=8, mapping_layers=0),
    batch=16,
    r1_every=4,
    r1_gamma=0.05,
    ema_pictures=300,
    policy=("translation",),
    snapshot_first=100,
)
SMALLEST = replace(
    SETTINGS,
    generator=replace(SETTINGS.generator, channel_max=8),
    critic=replace(SETTINGS.critic, channel_max=8),
    batch=4,
    r1_every=3,
    policy=("colour", "translation", "cutout"),
    mirror=True,
)


def shape(name: str, seed: int) -> Image.Image:
    """A red disc or a blue square somewhere on warm paper, 32×32."""
    rng = np.random.default_rng([seed, CLASSES.index(name)])
    image = Image.new("RGB", (SIDE, SIDE), (240, 230, int(rng.integers(190, 215))))
    radius, x, y = rng.uniform(6, 10), rng.uniform(12, 20), rng.uniform(12, 20)
    box = (x - radius, y - radius, x + radius, y + radius)
    shade = int(rng.integers(150, 230))
    draw = ImageDraw.Draw(image)
    if name == "disc":
        draw.ellipse(box, fill=(shade, 40, 50))
    else:
        draw.rectangle(box, fill=(40, 60, shade))
    return image


def png(image: Image.Image) -> bytes:
    """The picture as a file's content."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def write_shapes(folder: Path, count: int) -> Path:
    """`count` discs and half as many squares, in class folders."""
    for name, number in (("disc", count), ("square", count // 2)):
        (folder / name).mkdir(parents=True)
        for seed in range(number):
            (folder / name / f"{seed:04d}.png").write_bytes(png(shape(name, seed)))
    return folder


class Coarse:
    """A feature network without a network: the mean colours of 4×4 places."""

    name = "coarse"
    dimensions = 48
    resize = "means of 4 × 4 places"

    def __call__(self, pictures: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(pictures, 4).flatten(1)
