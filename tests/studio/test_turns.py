"""Turns at the one place: even among visitors, the newest of each, and nobody twice at once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from time import monotonic, sleep

import pytest

from studio.errors import BusyError, StoppedError
from studio.turns import GAP, LATELY, PATIENT_EVERY, Turns, asking


class Place:
    """A place that is taken, before which threads line up one after the other; then it is left, and they are served."""

    def __init__(self, most: int = 100) -> None:
        self.turns = Turns(most)
        self.order: list[str] = []
        self.ended: list[str] = []
        self.threads: list[threading.Thread] = []
        self.leave = threading.Event()
        self._run("holder", nullcontext(), self.leave.wait, expect=0)

    def line_up(
        self,
        name: str,
        visitor: str = "",
        number: int | None = None,
        patient: bool = False,
        goes_on: bool = False,
        rests: bool = False,
    ) -> None:
        self._run(name, asking(visitor, number, patient, rests), None, self.turns.crowd + 1, goes_on)

    def _run(self, name, asker, work: Callable[[], object] | None, expect: int, goes_on: bool = False) -> None:
        begun = threading.Event()

        def serve() -> None:
            try:
                with asker, self.turns.turn(goes_on=goes_on):
                    begun.set()
                    self.order.append(name)
                    if work:
                        work()
            except StoppedError:
                self.ended.append(name)

        thread = threading.Thread(target=serve, daemon=True)
        self.threads.append(thread)
        thread.start()
        end = monotonic() + 10
        while (not begun.is_set() if expect == 0 else self.turns.crowd < expect) and monotonic() < end:
            sleep(0.001)

    def served(self) -> list[str]:
        self.leave.set()
        for thread in self.threads:
            thread.join(10)
        assert self.turns.crowd == 0
        return self.order[1:]


def test_visitors_take_turns_however_often_each_asks():
    place = Place()
    for name in ("a1", "a2", "a3", "b1", "c1", "b2"):
        place.line_up(name, visitor=name[0])
    assert [name[0] for name in place.served()] == ["a", "b", "c", "a", "b", "a"]


def test_only_the_newest_of_a_visitor_is_served():
    place = Place()
    for name, number in (("a1", 1), ("a3", 3), ("a2", 2)):
        place.line_up(name, "a", number)
    place.line_up("b1", "b", 1)
    assert place.served() == ["a3", "b1"]
    assert sorted(place.ended) == ["a1", "a2"]


def test_what_goes_on_is_neither_dropped_nor_overtaken_by_the_same_visitor():
    place = Place()
    place.line_up("a2", "a", 2)
    place.line_up("a1", "a", 1, goes_on=True)
    assert place.served() == ["a1", "a2"]
    assert place.ended == []


def test_unknown_askers_come_in_their_order_and_end_nobody():
    place = Place()
    for name in ("x", "y", "z"):
        place.line_up(name, number=ord(name))
    assert place.served() == ["x", "y", "z"]


def test_who_has_let_go_comes_before_hands_that_move():
    place = Place()
    for number in range(2):
        place.line_up(f"moves {number}", f"m{number}", 1)
    for number in range(5):
        place.line_up(f"rests {number}", f"r{number}", 1, rests=True)
    assert place.served() == [*(f"rests {number}" for number in range(5)), "moves 0", "moves 1"]


def test_a_hand_that_moves_has_a_frame_all_the_same(monkeypatch: pytest.MonkeyPatch):
    """Whatever the others do, it waits little longer than FRAME_SECONDS."""
    turns, order = Turns(100), []
    end, behind = monotonic() + 3, threading.Barrier(5)

    def rest(visitor: str) -> None:
        behind.wait()
        while monotonic() < end and "moves" not in order:
            with asking(visitor, rests=True), turns.turn():
                sleep(0.01)
                order.append(visitor)

    def move() -> None:
        behind.wait()
        sleep(0.02)
        with asking("m", 1), turns.turn():
            order.append("moves")

    monkeypatch.setattr("studio.turns.REST_SECONDS", 0.0)  # they are always believed
    monkeypatch.setattr("studio.turns.FRAME_SECONDS", 0.3)
    threads = [threading.Thread(target=rest, args=(name,)) for name in "abcd"] + [threading.Thread(target=move)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert 10 < order.index("moves") < 60  # some 0.3 s of turns


def test_of_who_has_let_go_the_newest_is_served_and_frames_of_the_drag_are_not():
    place = Place()
    place.line_up("b moves", "b", 1)
    place.line_up("a moves", "a", 1)
    place.line_up("a rests", "a", 2, rests=True)
    place.line_up("a rests again", "a", 3, rests=True)
    assert place.served() == ["a rests again", "b moves"]
    assert sorted(place.ended) == ["a moves", "a rests"]


def test_a_hand_that_always_says_that_it_rests_is_believed_once_a_second():
    place = Place()
    for number in range(6):
        place.line_up(f"a{number}", "a", rests=True)
    place.line_up("b", "b", 1)
    assert place.served()[:2] == ["a0", "b"]


def test_what_can_wait_comes_last_but_comes():
    place = Place()
    place.line_up("patient", "p", patient=True)
    for i in range(2 * PATIENT_EVERY):
        place.line_up(f"hand {i}", f"v{i}")
    assert place.served().index("patient") == PATIENT_EVERY - 1  # the holder's turn counted, too


def test_what_can_wait_leaves_the_place_to_a_hand_that_is_moving():
    turns = Turns(10)
    ended: list[float] = []

    def wait() -> None:
        with asking("p", patient=True), turns.turn():
            ended.append(monotonic())

    with asking("h", 1), turns.turn():
        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        while not turns.crowd:
            sleep(0.001)
    for number in range(2, 6):  # its next requests come a moment later, and find the place free
        sleep(GAP / 10)
        with asking("h", number), turns.turn():
            last = monotonic()
    thread.join(10)
    assert len(ended) == 1 and ended[0] > last


def test_of_what_can_wait_only_the_newest_of_a_visitor_is_in_the_line():
    place = Place(most=3)

    def ask(number: int) -> None:
        try:
            with asking("p", number, True), place.turns.turn():
                place.order.append(str(number))
        except StoppedError:
            place.ended.append(str(number))

    for number in range(1, 9):
        place.threads.append(threading.Thread(target=ask, args=(number,), daemon=True))
        place.threads[-1].start()
        end = monotonic() + 10
        while len(place.ended) < number - 1 or place.turns.crowd != 1:
            assert monotonic() < end
            sleep(0.001)
    assert place.served() == ["8"] and place.ended == [str(number) for number in range(1, 8)]


def test_without_any_hand_nothing_waits():
    turns = Turns(10)
    began = monotonic()
    for _ in range(20):
        with asking("p", patient=True), turns.turn():
            pass
    assert monotonic() - began < 20 * GAP


def test_too_many_are_refused_at_once():
    place = Place(most=2)
    place.line_up("a")
    place.line_up("b")
    with pytest.raises(BusyError), place.turns.turn():
        pass
    assert place.served() == ["a", "b"]


def test_one_that_gives_up_leaves_the_place_to_others():
    place = Place()

    def give_up(share: float) -> None:
        raise StoppedError("not wanted")

    with pytest.raises(StoppedError), place.turns.turn(give_up):
        pass
    place.line_up("b")
    assert place.served() == ["b"]


def test_an_error_within_frees_the_place():
    turns = Turns(1)
    with pytest.raises(ZeroDivisionError), turns.turn():
        1 / 0  # noqa: B018
    with turns.turn():
        pass


def test_many_at_once_are_never_two_and_get_even_shares():
    turns, inside = Turns(64), []
    served: Counter[str] = Counter()
    end = monotonic() + 0.5

    def ask(visitor: str) -> None:
        number = 0
        while monotonic() < end:
            number += 1
            with asking(visitor, number), turns.turn():
                inside.append(visitor)
                assert len(inside) == 1
                sleep(0.001)
                served[visitor] += 1
                inside.pop()

    threads = [threading.Thread(target=ask, args=(f"v{i % 6}",)) for i in range(6)]
    threads += [threading.Thread(target=ask, args=(f"w{i}",)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(served.values()) > 0.6 * sum(served.values()) / len(served)


def test_it_is_known_whether_others_had_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns(5)
    clock = [100.0]
    monkeypatch.setattr("studio.turns.monotonic", lambda: clock[0])

    def others(visitor: str) -> bool:
        with asking(visitor):
            return turns.others

    def serve(visitor: str, patient: bool = False) -> None:
        with asking(visitor, 1, patient), turns.turn():
            pass

    assert not others("a")
    serve("a")
    assert not others("a") and others("b") and others("")
    clock[0] += GAP  # for which they wait after a hand's turn
    serve("b", patient=True)  # neighbours' thumbnails: no hand waits for them
    assert not others("a")
    serve("b")
    serve("a")
    assert others("a")
    clock[0] += 2 * LATELY
    assert not others("a") and not others("c")
