"""What a model's card says of how it was trained."""

from __future__ import annotations

from dataclasses import replace

from training.card import precision_of

from .build import SETTINGS


def test_the_card_says_in_what_numbers_the_run_reckoned():
    operands = replace(SETTINGS, half=True)
    said = [precision_of(settings) for settings in (SETTINGS, operands, replace(operands, half_maps=True))]
    assert said[0] == "float32"
    assert "operands" in said[1] and "layers" not in said[1]
    assert "layers in bfloat16" in said[2] and "all else float32" not in said[2]
