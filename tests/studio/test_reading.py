"""The critic's words: true of the two distributions, whatever these are."""

import re

import numpy as np
import pytest

from generator import Calibration
from postprocess import StepUse
from studio import NOTE, Reading, Recipe, Studio

RNG = np.random.default_rng(3)
APART = Calibration.measure(RNG.normal(6, 1, 4000).tolist(), RNG.normal(-6, 1, 4000).tolist())
OVERLAP = Calibration.measure(RNG.normal(0.3, 1, 4000).tolist(), RNG.normal(-0.3, 1, 4000).tolist())


@pytest.mark.parametrize(
    ("logit", "calibration", "headline"),
    [
        (6.0, APART, "passes for real"),
        (-6.0, APART, "looks generated"),
        (0.0, APART, "between the two"),
        (0.0, OVERLAP, "could be either"),
        (-9.0, OVERLAP, "less convincing than either"),
        (9.0, OVERLAP, "more convincing than either"),
    ],
)
def test_the_headline_says_where_the_picture_stands(logit: float, calibration: Calibration, headline: str):
    assert Reading.of(logit, calibration).headline == headline


@pytest.mark.parametrize("calibration", [APART, OVERLAP])
def test_the_words_agree_with_the_percentiles(calibration: Calibration):
    for logit in np.linspace(-12, 12, 200):
        reading = Reading.of(float(logit), calibration)
        assert reading.percentile_real is not None and reading.percentile_generated is not None
        said = [int(number) for number in re.findall(r"(\d+) %", reading.words)]
        for number, true in zip(said, (reading.percentile_generated, reading.percentile_real), strict=True):
            assert 1 <= number <= 99 and abs(number - true) <= 1


@pytest.mark.parametrize("calibration", [APART, OVERLAP])
def test_a_higher_logit_is_never_less_convincing(calibration: Calibration):
    readings = [Reading.of(float(logit), calibration) for logit in np.linspace(-12, 12, 200)]
    for name in ("percentile_real", "percentile_generated"):
        values = [getattr(reading, name) for reading in readings]
        assert values == sorted(values) and values[0] >= 0 and values[-1] <= 100


def test_without_calibration_nothing_is_claimed():
    reading = Reading.of(1.234, None)
    assert (reading.percentile_real, reading.percentile_generated, reading.headline) == (None, None, "")
    assert "1.23" in reading.words and "%" not in reading.words


def test_no_words_claim_to_detect_anything():
    assert "no detector" in NOTE
    for logit in np.linspace(-12, 12, 50):
        reading = Reading.of(float(logit), OVERLAP)
        assert not re.search(r"\b(is|fake|authentic|detect\w*)\b", f"{reading.headline} {reading.words}")


def test_the_report_is_what_the_page_shows():
    assert set(Reading.of(0.0, APART).report()) == {
        "logit",
        "percentile_real",
        "percentile_generated",
        "headline",
        "words",
    }


def test_the_critic_says_which_picture_it_speaks_of(studio: Studio):
    plain = studio.render(Recipe())
    assert plain.critic and plain.spoken == {"headline": plain.critic.headline, "words": plain.critic.words}
    steps = tuple(StepUse(name) for name in ("gaussian_blur", "hue"))
    two = studio.render(Recipe(steps=steps))
    last = two.stages[-1].critic
    assert two.critic and last and two.spoken
    shown, made = two.spoken["words"].split(" As made, before 2 steps: ")
    assert shown.removeprefix("As shown, after 2 steps: m") == last.words[1:] and made[1:] == two.critic.words[1:]
    unasked = studio.render(Recipe(steps=steps[:1]), critic="raw").spoken
    assert unasked and unasked["words"].startswith("As made, before 1 step: m")
    assert studio.render(Recipe(), critic="none").spoken is None
