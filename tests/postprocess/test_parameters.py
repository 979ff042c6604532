import json

import numpy as np
import pytest

from postprocess.errors import PostprocessError
from postprocess.parameters import choice, colour, flag, integer, number, profile_text

NUMBER = number("sigma", "Radius", 2, 0, 20, 0.1, unit="px")
INTEGER = integer("seed", "Seed", 0, 0, 2**32 - 1)
CHOICE = choice("method", "Method", "a", ("a", "b"))
COLOUR = colour("ink", "Ink", "#000000")
FLAG = flag("on", "On", True)
PROFILE = profile_text("profile", "Reference")
ALL = (NUMBER, INTEGER, CHOICE, COLOUR, FLAG, PROFILE)


@pytest.mark.parametrize(
    ("parameter", "given", "canonical"),
    [
        (NUMBER, 3, 3.0),
        (NUMBER, 0, 0.0),
        (NUMBER, 20.0, 20.0),
        (INTEGER, 2**32 - 1, 2**32 - 1),
        (INTEGER, 3.0, 3),
        (CHOICE, "b", "b"),
        (COLOUR, "#ABCdef", "#abcdef"),
        (FLAG, False, False),
        (PROFILE, "", ""),
    ],
)
def test_values_take_one_canonical_form(parameter, given, canonical):
    result = parameter.validate(given)
    assert result == canonical and type(result) is type(canonical)
    assert parameter.validate(result) == result


@pytest.mark.parametrize(
    ("parameter", "wrong"),
    [
        *[(NUMBER, value) for value in (-0.1, 20.001, float("nan"), float("inf"), -float("inf"), 10**400)],
        *[(NUMBER, value) for value in (True, "2", None, [2], (2,), b"2", np.float32(2), 2 + 0j)],
        *[(INTEGER, value) for value in (2.5, -1, 2**32, True, "3", None, float("nan"), 10**5000)],
        *[(CHOICE, value) for value in ("c", "", "A", 0, None, ["a"])],
        *[(COLOUR, value) for value in ("red", "#fff", "#gggggg", "000000", "#0000000", "#00000\n", 0, None)],
        *[(FLAG, value) for value in (0, 1, "true", None)],
        *[(PROFILE, value) for value in ("x", "a" * 10**5, 3, None)],
    ],
    ids=lambda value: getattr(value, "kind", None) or str(type(value).__name__),
)
def test_everything_else_is_refused_in_one_short_sentence(parameter, wrong):
    with pytest.raises(PostprocessError) as caught:
        parameter.validate(wrong, owner="a_step")
    message = str(caught.value)
    assert message.startswith(f"a_step: {parameter.name} must be ") and message.endswith(".")
    assert len(message) < 200 and "\n" not in message


def test_the_range_is_named():
    with pytest.raises(PostprocessError, match=r"sigma must be a number from 0.0 to 20.0 px, not 21\."):
        NUMBER.validate(21)
    with pytest.raises(PostprocessError, match="one of a, b"):
        CHOICE.validate("c")


@pytest.mark.parametrize("parameter", ALL, ids=lambda p: p.kind)
def test_schema_is_complete_json(parameter):
    schema = json.loads(json.dumps(parameter.schema()))
    assert set(schema) == {"name", "title", "kind", "default", "minimum", "maximum", "step", "unit", "choices"}
    assert schema["kind"] == parameter.kind
