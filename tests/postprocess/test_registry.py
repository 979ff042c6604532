import json
import pkgutil
import re
import sys

import pytest

import postprocess.steps
from postprocess import STEPS, PostprocessError, StepUse, schema
from postprocess.parameters import number
from postprocess.registry import ANYWHERE, GROUPS, discover, step

WANTED = {
    "filter": {"gaussian_blur", "unsharp_mask", "denoise", "median", "edges", "grain", "vignette"},
    "segmentation": {
        "overlay", "cut_out", "blur_background", "recolour_background", "replace_background", "boundaries",
        "posterise_regions",
    },
    "colour": {
        "exposure", "contrast", "saturation", "hue", "temperature", "gamma", "auto_levels", "clahe", "match_palette",
        "match_reference", "duotone", "quantise", "resize",
    },
}  # fmt: skip

each_step = pytest.mark.parametrize("step", STEPS.values(), ids=list(STEPS))


def test_what_must_be_there_is_there():
    for group, names in WANTED.items():
        assert names <= {name for name, step in STEPS.items() if step.group == group}


def test_every_module_is_a_step():
    assert {module.name for module in pkgutil.iter_modules(postprocess.steps.__path__)} == set(STEPS)


def test_display_order_is_by_group_then_order():
    keys = [(GROUPS.index(step.group), step.order) for step in STEPS.values()]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys), "two steps claim the same place"


def test_the_registry_cannot_be_changed():
    with pytest.raises(TypeError):
        STEPS["x"] = None  # type: ignore[index]


@each_step
def test_a_step_is_documented(step):
    assert re.fullmatch(r"[A-Z][^\n]{20,}\.", step.summary)
    assert step.function.__doc__
    assert step.title and step.term and step.title != step.name
    for parameter in step.parameters:
        assert parameter.title and re.fullmatch(r"[a-z]+(_[a-z]+)*", parameter.name)


@each_step
def test_defaults_and_neutral_settings_are_valid(step):
    assert step.validate({}) == {parameter.name: parameter.default for parameter in step.parameters}
    if step.neutral is not None:
        step.validate(step.neutral)


@each_step
def test_ranges_make_sense(step):
    for p in step.parameters:
        if p.kind in ("number", "integer"):
            assert p.minimum < p.maximum and p.minimum <= p.default <= p.maximum and 0 < p.step <= p.maximum - p.minimum
        assert (len(p.choices) >= 2 and len(set(p.choices)) == len(p.choices)) == (p.kind == "choice")


@each_step
def test_where_is_everywhere_or_nowhere_else(step):
    assert step.where in (ANYWHERE, ("all",))


@each_step
def test_unknown_parameters_are_refused(step):
    with pytest.raises(PostprocessError, match=f"{step.name} has no parameter 'nonsense'"):
        StepUse(step.name, parameters={"nonsense": 1}).validated()


@each_step
def test_each_numeric_range_is_enforced_and_named(step):
    for p in step.parameters:
        if p.kind in ("number", "integer"):
            for wrong in (p.minimum - 1, p.maximum + 1, float("nan"), True, str(p.default), None):
                with pytest.raises(PostprocessError, match=f"{step.name}: {p.name} must be .* from {p.minimum} to"):
                    step.validate({p.name: wrong})


def test_schema_tells_a_page_everything():
    told = json.loads(json.dumps(schema()))
    assert [entry["name"] for entry in told] == list(STEPS)
    for entry in told:
        assert set(entry) == {
            "name", "title", "term", "group", "summary", "slow", "wants_regions", "where", "neutral", "parameters",
        }  # fmt: skip
        assert [p["name"] for p in entry["parameters"]] == [p.name for p in STEPS[entry["name"]].parameters]


def test_a_function_that_does_not_fit_its_declaration_is_refused():
    wrap = step(number("a", "A", 1, 0, 2, 1), title="T", term="t", group="filter", order=1, summary="S.")
    with pytest.raises(TypeError, match="declares"):

        @wrap
        def wrong(image, *, b):
            return image


MODULE = """
from postprocess.registry import step

@step(title="T", term="t", group="filter", order={order}, summary="Does nothing at all to the picture.")
def {name}(image):
    return image
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "extra_steps"
    folder.mkdir()
    (folder / "__init__.py").touch()
    yield folder
    for name in [name for name in sys.modules if name.startswith("extra_steps")]:
        del sys.modules[name]


def test_a_new_file_is_a_new_step(package):
    (package / "later.py").write_text(MODULE.format(name="later", order=2))
    (package / "earlier.py").write_text(MODULE.format(name="earlier", order=1))
    (package / "helper.py").write_text("VALUE = 1")
    assert list(discover("extra_steps", [str(package)])) == ["earlier", "later"]


def test_a_step_must_be_named_as_its_file(package):
    (package / "here.py").write_text(MODULE.format(name="there", order=1))
    with pytest.raises(TypeError, match="share a name"):
        discover("extra_steps", [str(package)])
