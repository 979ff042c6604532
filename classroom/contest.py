"""Two networks that are trained against each other, step by step: rates, programs, losses; what they make is another's.

The non-saturating loss of Goodfellow et al. 2014 (arXiv:1406.2661, §3). Everything is drawn from one seed, so the same
program gives the same weights on every machine of one kind: what a class did is a line of text that fits in a link.
"""

from __future__ import annotations

import math
import re
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .errors import ClassroomError
from .perceptron import Array, Perceptron

BATCHES = (2, 512)
MOST_STEPS = 50_000
MOST_PARTS = 200
CURVE = 240  # points of the loss curves

_PART = re.compile(r"([ngd])([1-9]\d{0,5})|([GD])(\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?)|B([1-9]\d{0,3})")


@dataclass(frozen=True)
class Rates:
    """What can be turned while it runs: learning rates of generator and critic, and points a step."""

    generator: float
    critic: float
    batch: int

    def __post_init__(self) -> None:
        for value in (self.generator, self.critic):
            real = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not real or not 0 < value < math.inf:
                raise ClassroomError("rate", "A learning rate is a number above 0, not {value!r}.", value=value)
        if type(self.batch) is not int or not BATCHES[0] <= self.batch <= BATCHES[1]:
            low, high = BATCHES
            raise ClassroomError(
                "batch",
                "A batch is a whole number from {low} to {high}, not {value!r}.",
                low=low,
                high=high,
                value=self.batch,
            )


def read_program(text: object) -> list[tuple[str, float]]:
    """A program's parts: "n400" 400 steps of both, "g30" of the generator alone, "d30" of the critic alone, "G0.02" and
    "D0.001" learning rates, "B64" the batch; joined by "_". ClassroomError for anything else."""
    wrong = ClassroomError("program", "This link tells of steps that cannot be read.")
    if text in ("", None):
        return []
    if not isinstance(text, str) or text.count("_") >= MOST_PARTS:
        raise wrong
    parts: list[tuple[str, float]] = []
    for part in text.split("_"):
        match = _PART.fullmatch(part)
        if match is None:
            raise wrong
        kind, steps, which, rate, batch = match.groups()
        parts.append((kind, int(steps)) if kind else (which, float(rate)) if which else ("B", int(batch)))
    if sum(int(value) for kind, value in parts if kind in "ngd") > MOST_STEPS:
        raise ClassroomError("steps", "A duel ends after {most} steps; begin again.", most=MOST_STEPS)
    return parts


class Contest:
    """One visitor's two networks and what they have been through. Not thread-safe.

    Who inherits says what real examples there are (`sample`), and when it is too late (`lost`). ClassroomError for a
    seed that is none.
    """

    def __init__(self, seed: object, generator: Sequence[int], critic: Sequence[int], rates: Rates) -> None:
        """`generator`, `critic`: neurons a layer, inputs first."""
        if type(seed) is not int or not 0 <= seed < 1 << 32:
            raise ClassroomError("seed", "A seed is a whole number from 0 to {most}.", most=(1 << 32) - 1)
        self.seed = seed
        self.rates = rates
        self._random = np.random.default_rng(seed)
        self.generator = Perceptron(generator, self._random)
        self.critic = Perceptron(critic, self._random)
        self.steps = {"g": 0, "d": 0}
        self.losses: list[tuple[int, float, float]] = []  # step, generator's, critic's
        self._last: list[float] = [math.log(2), 2 * math.log(2)]  # of a critic that believes nothing yet
        self._every = 1  # a curve's point each so many steps
        self._parts: list[tuple[str, float]] = []
        self._planned: deque[tuple[str, float]] = deque()

    def sample(self, count: int) -> Array:
        """Real examples, `count` of them, drawn from the contest's own random numbers."""
        raise NotImplementedError

    def make(self, z: Array) -> Array:
        """Latents N×inputs → what the generator makes of them."""
        return self.generator(z)

    def unmake(self, gradient: Array) -> Array:
        """A loss's gradient at what `make` gave last → that at the generator's parameters."""
        return self.generator.backward(gradient)[1]

    def lost(self) -> bool:
        """Whether what the generator makes has left for good."""
        raise NotImplementedError

    # ---- what it does ---------------------------------------------------------------------------------------------

    def change(self, generator: float | None = None, critic: float | None = None, batch: int | None = None) -> None:
        """Turn learning rates or batch; None leaves one alone. ClassroomError, and nothing changed."""
        new = {"generator": generator, "critic": critic, "batch": batch}
        rates = replace(self.rates, **{k: v for k, v in new.items() if v is not None})  # type: ignore[arg-type]
        for kind, before, after in (
            ("G", self.rates.generator, rates.generator),
            ("D", self.rates.critic, rates.critic),
            ("B", self.rates.batch, rates.batch),
        ):
            if before != after:
                self._note(kind, after)
        self.rates = rates

    def run(self, kind: str, most: int, seconds: float = math.inf) -> int:
        """Up to `most` steps of "n" both sides, "g" the generator or "d" the critic, for about `seconds`; how many
        were made. 0 where it has diverged. ClassroomError beyond MOST_STEPS."""
        if kind not in ("n", "g", "d") or type(most) is not int or most < 1:
            raise ClassroomError("program", "This link tells of steps that cannot be read.")
        if sum(int(value) for part, value in self._parts if part in "ngd") + most > MOST_STEPS:
            raise ClassroomError("steps", "A duel ends after {most} steps; begin again.", most=MOST_STEPS)
        ends = time.perf_counter() + seconds
        done = 0
        with np.errstate(all="ignore"):  # a rate that is too high overflows, which `diverged` says in words
            while done < most and not self.diverged:
                if kind != "g":
                    self._step_critic()
                if kind != "d":
                    self._step_generator()
                done += 1
                self._draw_curve()
                if time.perf_counter() >= ends:
                    break
        if done:
            self._note(kind, done)
        return done

    def follow(self, program: object) -> None:
        """Plan what a program says, to be done by `advance` before all else. ClassroomError, and nothing planned."""
        self._planned = deque(read_program(program))

    @property
    def planned(self) -> int:
        """Steps of a program that are still to come."""
        return int(sum(value for kind, value in self._planned if kind in "ngd"))

    def advance(self, kind: str, most: int, seconds: float) -> int:
        """As `run`; but what is planned comes first, and then it is that which is run for about `seconds`."""
        if not self._planned:
            return self.run(kind, most, seconds)
        ends, done = time.perf_counter() + seconds, 0
        while self._planned and time.perf_counter() < ends and not self.diverged:
            part, value = self._planned.popleft()
            if part in "ngd":
                made = self.run(part, int(value), max(ends - time.perf_counter(), 0.0))
                done += made
                if made < value:
                    self._planned.appendleft((part, value - made))
            else:
                name = {"G": "generator", "D": "critic", "B": "batch"}[part]
                self.change(**{name: int(value) if part == "B" else value})  # type: ignore[arg-type]
        if self.diverged or self.lost():  # `run` asks less often
            self._planned.clear()
        return done

    def _step_critic(self) -> None:
        count = self.rates.batch
        real = self.sample(count)
        fake = self.make(self._random.standard_normal((count, self.generator.inputs), np.float32))
        logits = self.critic(np.concatenate([real, fake]))
        gradient: Array = np.concatenate([-sigmoid(-logits[:count]), sigmoid(logits[count:])])
        gradient /= np.float32(count)
        self._last[1] = float(_softplus(-logits[:count]).mean() + _softplus(logits[count:]).mean())
        self.critic.update(self.critic.backward(gradient)[1], self.rates.critic)
        self.steps["d"] += 1

    def _step_generator(self) -> None:
        count = self.rates.batch
        logits = self.critic(self.make(self._random.standard_normal((count, self.generator.inputs), np.float32)))
        self._last[0] = float(_softplus(-logits).mean())
        gradient: Array = -sigmoid(-logits) / np.float32(count)
        at_points, _ = self.critic.backward(gradient)
        self.generator.update(self.unmake(at_points), self.rates.generator)
        self.steps["g"] += 1

    def _note(self, kind: str, value: float) -> None:
        if self._parts and self._parts[-1][0] == kind:
            value = value + self._parts[-1][1] if kind in "ngd" else value
            self._parts.pop()
        self._parts.append((kind, value))

    def _draw_curve(self) -> None:
        step = max(self.steps.values())
        if step % self._every == 0 and all(map(math.isfinite, self._last)):
            self.losses.append((step, self._last[0], self._last[1]))
        if len(self.losses) > CURVE:
            self.losses = self.losses[1::2]
            self._every *= 2

    # ---- what it tells --------------------------------------------------------------------------------------------

    @property
    def program(self) -> str:
        """All that was done so far, as `read_program` reads it."""
        return "_".join(f"{kind}{value:g}" if kind in "GD" else f"{kind}{int(value)}" for kind, value in self._parts)

    @property
    def diverged(self) -> bool:
        """Whether a weight is no number any more, or all is lost."""
        if not (self.generator.finite and self.critic.finite):
            return True
        return max(self.steps.values()) % 25 == 0 and self.lost()

    def story(self) -> dict[str, Any]:
        """Losses, steps, rates and program, JSON-able: what every page of a contest draws."""
        return {
            "losses": [[step, round(g, 3), round(d, 3)] for step, g, d in self.losses],
            "steps": dict(self.steps),
            "rates": {"generator": self.rates.generator, "critic": self.rates.critic, "batch": self.rates.batch},
            "program": self.program,
            "planned": self.planned,
        }


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^−x), without overflow."""
    return np.float32(0.5) * (1 + np.tanh(np.float32(0.5) * x))


def _softplus(x: Array) -> Array:
    return np.logaddexp(0, x)
