"""What an opened model is counted with, so that the memory of all of them is bounded."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator import open_checkpoint
from studio import Recipe, Studio, painter


def test_a_model_counts_with_what_its_pictures_leave_behind(checkpoints: Path):
    folder = checkpoints / "tiny"
    model = open_checkpoint(folder, precision="fp32")
    files = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    assert model.kept_bytes > 50_000  # layers of 16 channels up to 32 px
    assert painter.model_bytes(folder, model) == 4 * files + model.kept_bytes


def test_models_that_fit_but_for_what_they_keep_take_turns(checkpoints: Path, monkeypatch: pytest.MonkeyPatch):
    both = [checkpoints / name for name in ("tiny", "plain")]
    sizes = [painter.model_bytes(path, open_checkpoint(path, precision="fp32")) for path in both]
    for limit, stay in ((sum(sizes), 2), (sum(sizes) - 1, 1)):
        monkeypatch.setattr(painter, "OPEN_BYTES", limit)
        studio = Studio(checkpoints, default="tiny", precision="fp32")
        for name in ("tiny", "plain"):
            studio.render(Recipe(model=name))
        assert len(studio._painter._shared.open) == stay
