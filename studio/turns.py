"""Who comes next at the one place where pictures are painted.

Visitors take turns: whoever was served longest ago comes first, however often each of them asks. Whoever has let go
looks at the picture and waits for it, so it goes before frames of hands that still move, unless those have had none
for two seconds; each visitor is believed once a second. Of one visitor's requests only the newest is worth a turn,
since the page shows nothing older than what it shows already; and what nobody's hand waits for (the neighbours'
thumbnails) comes when there is a gap, or at every eighth turn. A gap is a while without any hand: the next request of
one that moves is on its way, and what is painted in that moment takes the time in which it would arrive.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Event, Lock, Timer
from time import monotonic

from .errors import BusyError, StoppedError

PATIENT_EVERY = 8  # turns, of which what can wait gets one
FRAME_SECONDS = 2.0  # for which a hand that moves gives way to others that rest
REST_SECONDS = 1.0  # between two turns in which one visitor's hand is believed to rest
GAP = 0.12  # seconds after a hand's turn, in which its next request is on its way
REMEMBERED = 1024  # visitors, of whom it is known when they were served
LATELY = 0.5  # seconds since another visitor's turn in which that one's hand may still move
LOOK_SECONDS = 0.25  # how often one that waits asks whether it is still wanted


@dataclass(frozen=True)
class Asker:
    """Who asks: a visitor's key ("" for nobody known), the request's number, whether it can wait, and whether the
    hand has let go."""

    visitor: str = ""
    number: int | None = None
    patient: bool = False
    rests: bool = False


NOBODY = Asker()
_asker: ContextVar[Asker | None] = ContextVar("asker", default=None)


@contextmanager
def asking(visitor: str = "", number: int | None = None, patient: bool = False, rests: bool = False) -> Iterator[None]:
    """Within, this thread asks for that visitor. Of requests with numbers, a newer one ends those that still wait."""
    token = _asker.set(Asker(visitor, number, patient, rests))
    try:
        yield
    finally:
        _asker.reset(token)


@dataclass(eq=False)
class _Waiting:
    asker: Asker
    arrived: float
    goes_on: bool  # of a picture that has had a turn already: never dropped
    decided: Event  # the place is this one's, or it is not wanted any more: wakes one thread, not all that wait
    called: bool = False


class Turns:
    """One place, and who waits for it; BusyError for more than `most`. For threads."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = Lock()
        self._waiting: list[_Waiting] = []
        self._taken = False
        self._served: OrderedDict[str, float] = OrderedDict()  # visitor → when
        self._rested: OrderedDict[str, float] = OrderedDict()  # the same of turns in which a hand rested
        self._turns = 0  # since one that can wait had its turn
        self._hand = -GAP  # when a hand's turn ended last
        self._later: Timer | None = None  # looks again when the gap is long enough

    @property
    def crowd(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def others(self) -> bool:
        """Whether a visitor other than the one who asks had a turn within the last LATELY seconds; those who can wait
        are not meant."""
        mine, now = (_asker.get() or NOBODY).visitor, monotonic()
        with self._lock:
            when = next((when for visitor, when in reversed(self._served.items()) if visitor != mine), None)
        return when is not None and now - when < LATELY

    @contextmanager
    def turn(self, hear: Callable[[float], None] | None = None, goes_on: bool = False) -> Iterator[None]:
        """Within, the place is this thread's. While it waits `hear` hears 0 four times a second; raising, it gives up.

        StoppedError if a newer request of the same visitor came first; not for one that `goes_on`.
        """
        one = _Waiting(_asker.get() or NOBODY, monotonic(), goes_on, Event())
        with self._lock:
            if one.asker.patient:  # of what nobody's hand waits for, nothing older is worth its place in the line
                self._drop_older(one)
            if len(self._waiting) >= self.most:
                raise BusyError("The studio is busy: too many pictures are waiting to be made. Try again in a moment.")
            self._waiting.append(one)
            self._call_next()
        try:
            self._wait(one, hear)
            yield
        finally:
            with self._lock:
                if one.called:
                    self._taken = False
                    if not one.asker.patient:
                        self._hand = monotonic()
                    self._note(one.asker)
                elif one in self._waiting:
                    self._waiting.remove(one)
                self._call_next()

    @staticmethod
    def _wait(one: _Waiting, hear: Callable[[float], None] | None) -> None:
        while not one.decided.wait(None if hear is None else LOOK_SECONDS):
            assert hear is not None  # or it would have waited
            hear(0.0)
        if not one.called:
            raise StoppedError("A newer picture was asked for.")

    def _call_next(self) -> None:
        if self._taken or not self._waiting:
            return
        hands = [one for one in self._waiting if not one.asker.patient]
        patient = [one for one in self._waiting if one.asker.patient]
        due = self._turns >= PATIENT_EVERY
        if not hands and not due and (left := self._hand + GAP - monotonic()) > 0:
            self._look_again(left)
            return
        if patient and (not hands or due):
            chosen = min(patient, key=self._places(patient))
        else:
            chosen = self._hand_of(hands)
        self._turns = 0 if chosen.asker.patient else self._turns + 1
        self._taken = chosen.called = True
        self._waiting.remove(chosen)
        self._drop_older(chosen)
        chosen.decided.set()

    def _hand_of(self, hands: list[_Waiting]) -> _Waiting:
        """Whose turn it is among hands: of whoever is due first what goes on, else the newest."""
        places = self._places(hands)
        now = monotonic()

        def due(one: _Waiting) -> float:
            visitor = one.asker.visitor
            if one.asker.rests and now - self._rested.get(visitor, -REST_SECONDS) >= REST_SECONDS:
                return one.arrived
            return places(one)[0] + FRAME_SECONDS

        first = min(hands, key=lambda one: (due(one), *places(one)[1:]))
        theirs = [one for one in hands if one.asker.visitor == first.asker.visitor] if first.asker.visitor else [first]
        return min(theirs, key=places)

    def _drop_older(self, than: _Waiting) -> None:
        for one in [one for one in self._waiting if self._is_older(one, than)]:
            self._waiting.remove(one)
            one.decided.set()

    def _look_again(self, seconds: float) -> None:
        def look() -> None:
            with self._lock:
                self._later = None
                self._call_next()

        if self._later is None:
            self._later = Timer(seconds, look)
            self._later.daemon = True
            self._later.start()

    def _places(self, among: list[_Waiting]) -> Callable[[_Waiting], tuple[float, bool, float, float]]:
        """Least first: served longest ago (for a new visitor: when they came); what goes on, then the newest."""
        came: dict[str, float] = {}
        for one in among:
            came.setdefault(one.asker.visitor, one.arrived)

        def place(one: _Waiting) -> tuple[float, bool, float, float]:
            visitor, number = one.asker.visitor, one.asker.number
            first = self._served.get(visitor, came[visitor]) if visitor else one.arrived
            return first, not one.goes_on, -1.0 if number is None else -number, one.arrived

        return place

    @staticmethod
    def _is_older(one: _Waiting, than: _Waiting) -> bool:
        mine, other = one.asker, than.asker
        if one.goes_on or not mine.visitor or mine.visitor != other.visitor or mine.patient != other.patient:
            return False
        return mine.number is not None and other.number is not None and mine.number < other.number

    def _note(self, asker: Asker) -> None:
        if not asker.visitor or asker.patient:
            return
        for noted in (self._served, *([self._rested] if asker.rests else [])):
            noted[asker.visitor] = monotonic()
            noted.move_to_end(asker.visitor)
            while len(noted) > REMEMBERED:
                noted.popitem(last=False)
