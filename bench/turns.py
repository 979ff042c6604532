"""Do turns go to whoever waits? `python -m bench.turns [--visitors 50] [--milliseconds 45] [--seconds 60]`

Hands that drag and let go, as in `bench.visitors`, line up at the one place; a turn sleeps instead of painting, so that
the order is measured and not the machine, and hardly anything is computed. First nobody says that a hand has let go,
then all do, as the page does. Prints how long the pictures of last values took, in seconds, and how evenly frames went.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

from studio.errors import BusyError, StoppedError
from studio.turns import Turns, asking

MOVE_SECONDS, DRAG_SECONDS, REST_SECONDS = 1 / 30, 1.5, 0.5
LATE_SECONDS = 0.15  # after which a last value is asked for once more, as one at which a hand rests
IN_FLIGHT = 2
NEIGHBOURS, THIRD = 8, 3  # thumbnails when a hand rests; each is a third of a picture's work


class Crowd:
    """So many hands before one place. `told`: they say when they let go."""

    def __init__(self, visitors: int, cost: float, told: bool) -> None:
        self.turns, self.cost, self.told = Turns(256), cost, told
        self.frames = [0] * visitors
        self.waits: list[float] = []

    def ask(self, visitor: int, number: int, rests: bool = False) -> bool:
        """One picture; whether it was made."""
        try:
            with asking(f"{visitor}", number, rests=rests and self.told), self.turns.turn():
                time.sleep(self.cost)
        except (StoppedError, BusyError):
            return False
        self.frames[visitor] += 1
        return True

    def neighbours(self, visitor: int, number: int) -> None:
        """What can wait."""
        for _ in range(NEIGHBOURS):
            try:
                with asking(f"{visitor}", number, patient=True), self.turns.turn():
                    time.sleep(self.cost / THIRD)
            except (StoppedError, BusyError):
                return

    def hand(self, visitor: int, until: float) -> None:
        """Drag and let go until then."""
        number = 0
        flying: list[Future[bool]] = []
        time.sleep(visitor % 10 * 0.1)
        with ThreadPoolExecutor(IN_FLIGHT + 2) as pool:
            while time.monotonic() < until:
                end, asked = time.monotonic() + DRAG_SECONDS, 0
                while time.monotonic() < end:
                    number += 1
                    flying = [each for each in flying if not each.done()]
                    if len(flying) < IN_FLIGHT:
                        asked = number
                        flying.append(pool.submit(self.ask, visitor, number))
                    time.sleep(MOVE_SECONDS)
                let_go = time.monotonic()
                # So many may be on their way and the last value need not wait.
                enough = 0 if asked == number else IN_FLIGHT - 1
                while len(flying) > enough and time.monotonic() < let_go + LATE_SECONDS:
                    time.sleep(LATE_SECONDS / 20)
                    flying = [each for each in flying if not each.done()]
                if asked != number or flying:
                    number += 1
                    while not self.ask(visitor, number, rests=True) and time.monotonic() < until + 10:
                        number += 1
                self.waits.append(time.monotonic() - let_go)
                pool.submit(self.neighbours, visitor, number)
                time.sleep(REST_SECONDS)


def measure(visitors: int, cost: float, seconds: float, told: bool) -> dict[str, float]:
    """Frames a second, least to mean of visitors, and seconds that last values took."""
    crowd = Crowd(visitors, cost, told)
    until = time.monotonic() + seconds
    hands = [threading.Thread(target=crowd.hand, args=(visitor, until)) for visitor in range(visitors)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    waits = sorted(crowd.waits)
    return {
        "frames a second": sum(crowd.frames) / seconds,
        "least to mean": min(crowd.frames) / statistics.mean(crowd.frames),
        "median": statistics.median(waits),
        "of 95 %": waits[int(0.95 * len(waits))],
        "longest": waits[-1],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--milliseconds", type=float, default=45.0, help="that a picture takes, all in all")
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    for told in (False, True):
        found = measure(options.visitors, options.milliseconds / 1000, options.seconds, told)
        print(
            "let go is told " if told else "nothing is told", *(f"{name} {value:.2f}" for name, value in found.items())
        )


if __name__ == "__main__":
    main()
