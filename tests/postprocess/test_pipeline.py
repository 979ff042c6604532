import copy
import json

import numpy as np
import pytest

from postprocess import STEPS, PostprocessError, Regions, Stage, StepUse, apply, find_regions

from .pictures import fruit_on_paper

PICTURE, FRUIT = fruit_on_paper(48)


def regions() -> Regions:
    return find_regions(PICTURE)


def never() -> Regions:
    raise AssertionError("regions were asked for")


def run(*uses: StepUse) -> list[Stage]:
    return apply(PICTURE, uses, regions)


def opacity(stage: Stage) -> np.ndarray:
    assert stage.alpha is not None
    return stage.alpha


# StepUse


def test_a_use_is_hashable_and_equal_by_value():
    use = StepUse("contrast", parameters={"amount": 1.5})
    assert use == StepUse("contrast", parameters={"amount": 1.5})
    assert hash(use.validated()) == hash(StepUse("contrast", parameters={"pivot": 0.6, "amount": 1.5}).validated())
    assert use != StepUse("contrast", parameters={"amount": 1.6})
    assert copy.deepcopy(use) == use


def test_a_use_does_not_share_the_callers_dictionary():
    given = {"amount": 1.5}
    use = StepUse("contrast", parameters=given)
    given["amount"] = 2
    assert use.parameters["amount"] == 1.5
    with pytest.raises(TypeError):
        use.parameters["amount"] = 2  # type: ignore[index]


@pytest.mark.parametrize("name", STEPS)
def test_there_and_back_through_json(name):
    use = StepUse(name, on=False).validated()
    assert StepUse.from_json(json.loads(json.dumps(use.to_json()))) == use
    assert set(use.parameters) == {parameter.name for parameter in STEPS[name].parameters}


def test_validating_fills_in_defaults_and_is_idempotent():
    use = StepUse("contrast", parameters={"amount": 2}).validated()
    assert dict(use.parameters) == {"amount": 2.0, "pivot": 0.6}
    assert use.validated() == use


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        (None, "must be an object"),
        ("contrast", "must be an object"),
        ([], "must be an object"),
        ({}, "must have a name"),
        ({"name": "nonsense"}, "There is no step 'nonsense'"),
        ({"name": ["contrast"]}, "There is no step a list"),
        ({"name": None}, "There is no step None"),
        ({"name": "contrast", "strength": 1}, "no field 'strength'"),
        ({"name": "contrast", "on": 1}, "contrast: on must be true or false"),
        ({"name": "contrast", "where": "paper"}, "contrast: where must be one of all, subject, background"),
        ({"name": "contrast", "where": ["all"]}, "contrast: where must be one of"),
        ({"name": "resize", "where": "subject"}, "resize works on the whole picture only"),
        ({"name": "cut_out", "where": "background"}, "cut_out works on the whole picture only"),
        ({"name": "contrast", "parameters": [1]}, "contrast: parameters must be an object"),
        ({"name": "contrast", "parameters": None}, "contrast: parameters must be an object"),
        ({"name": "contrast", "parameters": {"amount": "1"}}, "contrast: amount must be a number from 0.0 to 3.0"),
        ({"name": "contrast", "parameters": {1: 2}}, "contrast has no parameter '1'"),
    ],
)
def test_bad_json_gives_a_sentence(obj, message):
    with pytest.raises(PostprocessError, match=message) as caught:
        StepUse.from_json(obj)
    assert str(caught.value).endswith(".") and len(str(caught.value)) < 700


# apply


@pytest.mark.parametrize(
    "image",
    [
        PICTURE.astype(np.float64),
        (PICTURE * 255).astype(np.uint8),
        PICTURE[..., 0],
        PICTURE[..., :2],
        np.zeros((0, 4, 3), np.float32),
        PICTURE * np.float32(1.01),
        PICTURE - np.float32(0.5),
        np.where(PICTURE > 0.9, np.float32(np.nan), PICTURE),
        np.where(PICTURE > 0.9, np.float32(np.inf), PICTURE),
        PICTURE.tolist(),
        None,
    ],
    ids=["float64", "uint8", "grey", "two channels", "empty", "above 1", "below 0", "nan", "inf", "list", "none"],
)
@pytest.mark.parametrize("call", [lambda i: apply(i, [], never), find_regions], ids=["apply", "find_regions"])
def test_wrong_pictures_are_refused(call, image):
    with pytest.raises(PostprocessError, match="picture"):
        call(image)


def test_no_uses_no_stages():
    assert run() == []


def test_one_stage_a_switched_on_use_in_order():
    stages = run(StepUse("hue"), StepUse("gamma", on=False), StepUse("contrast"))
    assert [stage.name for stage in stages] == ["hue", "contrast"]
    assert all(stage.seconds >= 0 and stage.alpha is None for stage in stages)


def test_a_chain_is_its_steps_one_after_another():
    chain = [StepUse("saturation"), StepUse("gamma"), StepUse("vignette")]
    image = PICTURE
    for use, stage in zip(chain, run(*chain), strict=True):
        image = apply(image, [use], never)[0].image
        assert np.array_equal(image, stage.image)


def test_order_matters():
    ends = [run(StepUse(a), StepUse(b))[-1].image for a, b in (("gamma", "duotone"), ("duotone", "gamma"))]
    assert np.abs(ends[0] - ends[1]).max() > 0.01


def test_a_wrong_use_stops_everything_before_it_starts():
    with pytest.raises(PostprocessError, match="There is no step"):
        apply(PICTURE, [StepUse("cut_out"), StepUse("nonsense", on=False)], never)


def test_regions_are_asked_for_only_if_needed_and_once():
    apply(PICTURE, [StepUse("contrast"), StepUse("overlay", on=False)], never)
    calls = []

    def counted() -> Regions:
        calls.append(1)
        return regions()

    apply(PICTURE, [StepUse("overlay"), StepUse("contrast", where="subject"), StepUse("cut_out")], counted)
    assert len(calls) == 1


@pytest.mark.parametrize("where", ["subject", "background"])
def test_where_confines_a_step(where):
    whole = run(StepUse("duotone"))[0].image
    part = run(StepUse("duotone", where=where))[0].image
    subject = regions().subject if where == "subject" else 1 - regions().subject
    assert np.array_equal(part[subject == 0], PICTURE[subject == 0])
    assert np.allclose(part[subject == 1], whole[subject == 1], atol=1e-6)
    assert (subject == 1).any() and (subject == 0).any()


def test_subject_and_background_together_are_all():
    part = {where: run(StepUse("exposure", where=where))[0].image - PICTURE for where in STEPS["exposure"].where}
    assert np.allclose(part["subject"] + part["background"], part["all"], atol=1e-5)


def test_alpha_comes_with_the_cut_out_and_stays():
    before, cut, after = run(StepUse("gamma"), StepUse("cut_out"), StepUse("contrast"))
    assert before.alpha is None
    assert cut.alpha is not None and cut.alpha.dtype == np.float32 and cut.alpha.shape == PICTURE.shape[:2]
    assert np.array_equal(opacity(cut), opacity(after))


def test_cutting_out_twice_multiplies():
    use = StepUse("cut_out", parameters={"feather": 2})
    once, twice = run(use, use)
    assert np.allclose(opacity(twice), opacity(once) ** 2, atol=1e-6)


@pytest.mark.parametrize("factor", [2, 4])
def test_alpha_and_regions_follow_a_resize(factor):
    resize = StepUse("resize", parameters={"factor": str(factor)})
    chain = run(StepUse("cut_out"), resize, StepUse("duotone", where="subject"))
    size = (48 * factor, 48 * factor)
    for stage in chain[1:]:
        assert stage.image.shape == (*size, 3) and opacity(stage).shape == size
        assert opacity(stage).min() >= 0 and opacity(stage).max() <= 1
    changed = np.abs(chain[2].image - chain[1].image).max(-1) > 0.05
    fruit = np.kron(FRUIT, np.ones((factor, factor), bool))
    assert (changed & fruit).sum() > 0.8 * fruit.sum()
    assert (changed & ~fruit).sum() < 0.2 * fruit.sum()  # the soft edge


def test_enlarging_has_an_end():
    resize = StepUse("resize", parameters={"factor": "4"})
    with pytest.raises(PostprocessError, match="at most 1024"):
        run(resize, resize, resize)
