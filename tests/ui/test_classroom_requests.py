"""Whatever a lesson's function is asked: an answer or one sentence, and never a line in the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from classroom import Codes, Dice, Encodings, Garments, Networks, RealPictures, Specimens, Telling, find_histories
from studio import Studio
from tests.generator.test_house import FOLDER
from tests.ui.serving import MODEL
from ui.classroom import afterwards, bottleneck, data, dice, duel, layers, sequence, trust, uses
from ui.requests import FAILED

WARDROBE = FOLDER / "wardrobe"
HOUSE = {"model": "wardrobe", "seed": 0, "label": 1}
TINY = {"model": MODEL, "seed": 0, "label": 1}
CODES = [[0] * 8] * 8
ODD: tuple[Any, ...] = (None, "x", -1, 1.5, float("nan"), [], {}, [[]], 10**12, True, [None] * 64)

Case = tuple[Callable[[Any], dict[str, Any]], dict[str, Any]]


def cases(studio: Studio) -> list[Case]:
    """Each function with a request that it answers; those that paint on and on are in tests of their own."""
    specimens = Specimens(studio, [MODEL])
    real = {MODEL: RealPictures(studio.folders[MODEL], specimens.classes[MODEL])}
    step = {"name": "gaussian_blur", "where": "all", "parameters": {"sigma": 1.0}}
    asked: dict[str, dict[str, Any]] = {
        "spoiled": {**HOUSE, "run": "whole"},
        "real_ones": {**TINY, "class": None, "page": 0},
        "moment": {**HOUSE, "index": 0},
        "inside": {**HOUSE, "side": "generator", "layer": "conv0", "turned": [["conv0", 0, 0.5]]},
        "learned": {**HOUSE, "side": "critic", "layer": "stem", "channel": 0},
        "support": {**HOUSE, "layer": "stem", "x": 1, "y": 1},
        "kernel": {**HOUSE, "kernel": [[0, 0, 0], [0, 1, 0], [0, 0, 0]]},
        "squeeze": {**HOUSE, "drawing": None},
        "changed": {**HOUSE, "table": CODES, "keep": 4},
        "walk": {**HOUSE, "seed_first": 0, "label_first": 0, "seed_last": 1, "label_last": 1},
        "write": {**HOUSE, "codes": [], "temperature": 1, "count": 1},
        "complete": {**HOUSE, "temperature": 1, "way": 0, "drawing": None},
        "at": {**HOUSE, "x": 0, "y": 0},
        "clouds": {**HOUSE, "psi": 0.5},
        "dot": {**HOUSE, "psi": 0.5},
        "treated": {**TINY, "steps": [step]},
        "regions": {**TINY, "count": 3},
        "pair": {"model": MODEL, "round": 0, "number": 0},
        "told": {"model": MODEL, "round": 0, "number": 0},
        "result": {"model": MODEL, "round": 0, "answers": [1] * 10},
        "saved": TINY,
        "statement": {"file": ""},
        "tiled": {**TINY, "overlap": 0.2},
        "advertised": {**TINY, "shape": "square 1080"},
        "frame": {**TINY, "radius": 0.5, "closed": True, "number": 1},
        "ground": {**TINY, "kind": "shading"},
        "marked": {**TINY, "count": 3, "threshold": 50},
        "encoded": {**TINY, "kind": "made", "changed": [], "keep": 2},
        "step": {**TINY, "kind": "made", "seed_last": 1, "label_last": 0, "step": 1},
        "begin": {"token": "t" * 32, "shape": "drawn", "drawn": [[0, 0]] * 9, "seed": 0, "program": "n3"},
        "advance": {"token": "t" * 32, "kind": "n", "most": 1, "generator": 0.1, "critic": 0.1, "batch": 8},
    }
    found = [
        *data.functions({}, real, studio),
        *duel.history_functions(find_histories({"wardrobe": WARDROBE})),
        *duel.duel_functions(),
        *layers.functions({"wardrobe": Networks(WARDROBE)}),
        *bottleneck.functions({"wardrobe": Codes(WARDROBE)}),
        *bottleneck.colour_functions(Encodings(specimens, real)),
        *sequence.functions({"wardrobe": Codes(WARDROBE)}),
        *dice.functions({"wardrobe": Dice(WARDROBE)}),
        *afterwards.functions(specimens),
        *trust.quiz_functions(Telling(specimens, real)),
        *trust.file_functions(specimens),
        *uses.functions(specimens),
        *duel.garment_functions({"wardrobe": Garments(WARDROBE)}),
    ]
    return [(function, asked[function.__name__]) for function in found if function.__name__ in asked]


def test_no_request_is_too_odd_for_a_sentence(studio: Studio):
    found = cases(studio)
    assert len({function.__name__ for function, _ in found}) >= 30
    for function, request in found:
        for odd in (*ODD, request):
            said = function(odd)
            assert said.get("error") != FAILED, (function.__name__, odd)
        for name in request:
            for odd in ODD:
                said = function({**request, name: odd})
                assert said.get("error") != FAILED, (function.__name__, name, odd)
                assert json.dumps(said, allow_nan=False), (function.__name__, name, odd)
