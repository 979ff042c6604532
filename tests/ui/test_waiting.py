"""Pictures that are waited for: told apart, ended for whoever waits for them, and never for anybody else."""

from __future__ import annotations

import pytest

from studio import StoppedError, StudioError
from ui.waiting import Waiting

MINE, YOURS = "a" * 32, "b" * 32


def job(key: str, number: int) -> dict[str, object]:
    return {"key": key, "number": number}


def test_a_page_hears_how_far_its_own_picture_is() -> None:
    waiting = Waiting()
    with waiting.job(job(MINE, 1)) as hear, waiting.job(job(YOURS, 1)) as other:
        hear(0.25)
        other(0.75)
        assert (waiting.share(job(MINE, 1)), waiting.share(job(YOURS, 1))) == (0.25, 0.75)
    assert waiting.share(job(MINE, 1)) == 0.0


def test_stopping_ends_ones_own_picture_and_no_other() -> None:
    waiting = Waiting()
    with waiting.job(job(YOURS, 1)) as other:
        with pytest.raises(StoppedError), waiting.job(job(MINE, 5)) as hear:
            waiting.stop(job(MINE, 4))  # an older one
            hear(0.5)
            waiting.stop(job(MINE, 5))
            hear(0.75)
        other(0.5)
    with waiting.job(job(MINE, 6)) as hear:  # the next one is not concerned
        hear(0.5)


def test_a_newer_request_ends_the_older_ones_of_its_page() -> None:
    waiting = Waiting()
    with waiting.job(job(YOURS, 1)) as other, waiting.job(job(MINE, 1)) as old, waiting.job(job(MINE, 2)) as new:
        new(0.5)
        with pytest.raises(StoppedError):
            old(0.9)
        assert waiting.share(job(MINE, 2)) == 0.5
        other(0.25)
        with pytest.raises(StoppedError), waiting.job(job(MINE, 0)):  # overtaken on its way
            raise AssertionError("it must not begin")
        new(0.75)


def test_nothing_stays_of_what_nobody_waits_for() -> None:
    waiting = Waiting()
    with waiting.job(job(MINE, 1)):
        pass
    with pytest.raises(StoppedError), waiting.job(job(MINE, 2)) as hear:
        waiting.stop(job(MINE, 2))
        hear(0.1)
    waiting.stop(job(YOURS, 1))
    assert waiting._pages == {}


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {},
        {"key": MINE},
        {"number": 1},
        job("a" * 31, 1),
        job("A" * 32, 1),
        job(MINE + "\n", 1),
        job(MINE, -1),
        {"key": MINE, "number": True},
        {"key": MINE, "number": 1.0},
        {"key": 7, "number": 1},
    ],
    ids=repr,
)
def test_anything_else_than_a_job_is_refused(wrong: object) -> None:
    waiting = Waiting()
    for refused in (waiting.share, waiting.stop, lambda job: waiting.job(job).__enter__()):
        with pytest.raises(StudioError, match="reload"):
            refused(wrong)
