"""The tool that shows that a change left pictures alone finds it when one did not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench import same
from generator import save_checkpoint
from studio import Studio

from .studio.conftest import tiny_model


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("before")
    save_checkpoint(tiny_model("tiny", classes=("apple", "pear")), folder / "tiny")
    studio = Studio(folder, default="tiny", precision="fp32")
    found = json.loads(json.dumps(same.write(studio, 3)))
    assert same.compare(Studio(folder, default="tiny", precision="fp32"), found) == []
    assert len({each["raw"] for each in found.values()}) > 15  # recipes that differ in what the generator makes
    return found


def test_other_weights_are_found(before: dict[str, Any], tmp_path: Path):
    save_checkpoint(tiny_model("tiny", classes=("apple", "pear"), seed=5), tmp_path / "tiny")
    wrong = same.compare(Studio(tmp_path, default="tiny", precision="fp32"), before)
    assert {f"{name}: raw differs" for name in before} <= set(wrong)


def test_a_model_that_is_gone_and_a_broken_link_are_found(before: dict[str, Any], tmp_path: Path):
    save_checkpoint(tiny_model("tiny", classes=("apple", "pear")), tmp_path / "tiny")
    studio = Studio(tmp_path, default="tiny", precision="fp32")
    first = dict(next(iter(before.values())))
    first["link"] = first["link"][:-3]
    wrong = same.compare(studio, {"cut": first, "gone": {"given": {"model": "nowhere"}}})
    assert wrong[0] == "cut: link differs"  # here `then` lost it; where the writing changed, it is the same
    assert wrong[1].startswith("cut: This link is incomplete") and wrong[2].startswith("gone: There is no model")
