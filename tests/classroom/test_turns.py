"""Turns are given in the order of asking; sessions are each visitor's own and end by themselves."""

from __future__ import annotations

import threading
import time

import pytest

from classroom.errors import ClassroomError
from classroom.turns import AT_MOST, LEAST, ROUND, SLICE, Sessions, Turns

A, B, C = "a" * 20, "b" * 20, "c" * 20


def test_one_at_a_time_in_the_order_of_asking():
    turns, order, inside = Turns(), [], []

    def work(name: int) -> None:
        with turns.turn():
            inside.append(name)
            assert len(inside) == 1
            time.sleep(0.002)
            order.append(name)
            inside.remove(name)

    threads = []
    with turns.turn() as before:
        assert before == 0
        for name in range(6):
            threads.append(threading.Thread(target=work, args=(name,)))
            threads[-1].start()
            while turns.waiting < name + 2:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == [*range(6)] and turns.waiting == 0


def test_answers_go_before_slices_but_not_for_ever():
    turns, order = Turns(), []

    def work(name: str) -> None:
        with turns.turn(patient=name.startswith("slice")):
            order.append(name)

    threads = []
    with turns.turn(patient=True):
        for name in ("slice 0", "slice 1", *(f"answer {i}" for i in range(AT_MOST + 1))):
            threads.append(threading.Thread(target=work, args=(name,)))
            threads[-1].start()
            while turns.waiting < len(threads) + 1:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    answers = [f"answer {i}" for i in range(AT_MOST)]
    assert order == [*answers, "slice 0", f"answer {AT_MOST}", "slice 1"]


def test_who_waits_hears_how_many_are_before():
    turns, heard = Turns(), {}

    def work(name: str) -> None:
        with turns.turn(patient=name == "slice") as before:
            heard[name] = before

    threads = []
    with turns.turn(patient=True):
        for name in ("slice", "answer"):
            threads.append(threading.Thread(target=work, args=(name,)))
            threads[-1].start()
            while turns.waiting < len(threads) + 1:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert heard == {"slice": 1, "answer": 1}  # the one at work; an answer does not wait for other slices


def test_slices_are_shorter_while_many_wait_for_theirs():
    turns, seen, threads = Turns(), [], []

    def work() -> None:
        with turns.turn(patient=True):
            pass

    with turns.turn(patient=True):
        for number in range(1, 41):
            seen.append(turns.slice)
            threads.append(threading.Thread(target=work))
            threads[-1].start()
            while turns.waiting < number + 1:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert seen == sorted(seen, reverse=True) and seen[0] == SLICE == turns.slice and seen[-1] == LEAST
    assert all(each * number <= ROUND + 1e-9 for number, each in enumerate(seen, start=1) if each > LEAST)


def test_too_many_are_refused_and_an_error_gives_the_place_back():
    turns = Turns(most=1)
    with pytest.raises(KeyError), turns.turn():
        with pytest.raises(ClassroomError), turns.turn():
            pass
        raise KeyError
    with turns.turn() as before:
        assert before == 0


def test_sessions_are_kept_apart_bounded_and_forgotten():
    now = [0.0]
    sessions: Sessions[str] = Sessions(idle=10, most=2, clock=lambda: now[0])
    sessions.put(A, "mine")
    now[0] = 6
    sessions.put(B, "yours")
    assert (sessions.get(A), sessions.get(B), sessions.get(C)) == ("mine", "yours", None)
    with pytest.raises(ClassroomError):
        sessions.put(C, "no room")
    now[0] = 12
    sessions.get(B)
    now[0] = 17
    assert sessions.get(A) is None and sessions.get(B) == "yours"
    sessions.put(C, "now there is")
    sessions.end(C)
    assert len(sessions) == 1


@pytest.mark.parametrize("token", [None, "", "short", "a" * 65, "x/../" * 5, 7])
def test_a_token_is_checked(token: object):
    with pytest.raises(ClassroomError):
        Sessions[int]().get(token)
