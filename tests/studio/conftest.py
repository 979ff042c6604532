"""Tiny checkpoints with random weights, written through the generator room as training writes real ones."""

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
    Direction,
    Generator,
    GeneratorConfig,
    Model,
    Provenance,
    save_checkpoint,
)
from generator.families.stylegan2 import StyleGAN2
from studio import Studio

CLASSES = ("apple", "peach", "a pear: green, ripe & sweet")
Z_DIM = 16


def tiny_model(name: str, *, classes: tuple[str, ...] = (), critic: bool = True, seed: int = 0) -> Model:
    """A 32 px model of a few thousand random weights."""
    torch.manual_seed(seed)
    size: dict[str, Any] = {"resolution": 32, "num_classes": len(classes), "channel_base": 256, "channel_max": 16}
    generator = Generator(GeneratorConfig(**size, z_dim=Z_DIM, w_dim=16, mapping_layers=2))
    for layer in generator.synthesis.layers:  # noise must show, or tests of it could not fail
        torch.nn.init.constant_(layer.noise_strength, 0.2)
    network = Critic(CriticConfig(**size, cmap_dim=8 if classes else 0, mapping_layers=1)) if critic else None
    rng = np.random.default_rng(seed)
    vectors = torch.linalg.qr(torch.randn(16, 3))[0].T
    return Model(
        name=name,
        version="1.2",
        family=StyleGAN2(generator, network),
        classes=classes,
        averages=Averages(torch.randn(16), torch.randn(len(classes), 16) if classes else None),
        directions=tuple(Direction(f"pc{i + 1}", f"less ↔ more {i}", v, 1.5) for i, v in enumerate(vectors)),
        calibration=Calibration.measure(rng.normal(2, 1, 500).tolist(), rng.normal(-1, 1, 500).tolist())
        if critic
        else None,
        provenance=Provenance(
            title="Tiny <test> & more",
            licence="CC0-1.0",
            attribution='Nobody & "No one" <none>',
            data="random numbers",
            subject="fruit" if classes else "",
            pictures_seen=3,
        ),
    )


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with "tiny" (classes and critic), "plain" (neither) and "broken" (no safetensors file)."""
    folder = tmp_path_factory.mktemp("checkpoints")
    save_checkpoint(tiny_model("tiny", classes=CLASSES), folder / "tiny")
    save_checkpoint(tiny_model("plain", critic=False, seed=1), folder / "plain")
    (folder / "broken").mkdir()
    (folder / "broken" / "generator.safetensors").write_bytes(b"not a checkpoint")
    return folder


@pytest.fixture(scope="session")
def studio(checkpoints: Path) -> Studio:
    """A studio that lives as long as the tests: its caches are warm."""
    return Studio(checkpoints, default="tiny", precision="fp32")


def keeping(studio: Studio, folder: Path) -> Studio:
    """The same studio, but that what visitors bring to it is kept in a local folder."""
    return Studio(studio.folders, studio.default, kept=folder, beside=studio)
