"""A recurrent network that writes pictures: codes of the autoencoder, one after another, row by row.

A gated recurrent unit (Cho et al. 2014, arXiv:1406.1078) reads the code before and the code above, where it is and
which class it shall be, and says how likely each code is to come next. Given the upper rows it goes on from them: a
prediction from data, as a language model goes on with a sentence (van den Oord et al. 2016, arXiv:1601.06759, do it
with pixels).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator.config import Config
from generator.errors import LatentError
from generator.latents import MAX_SEED

from .companion import Description, check_codes, open_companion

KIND = "recurrent"
FILE = "recurrent.safetensors"
BATCH = 256


@dataclass(frozen=True)
class RecurrentConfig(Config):
    """`codes`: how many there are (K); `side`: codes in a row, and rows; `hidden`: size of the recurrent state."""

    codes: int
    side: int
    num_classes: int = 0
    hidden: int = 192
    embed: int = 48
    context: int = 16

    def __post_init__(self) -> None:
        self.require("codes", 2, 65_536)
        self.require("side", 1, 64)
        self.require("num_classes", 0, 10_000)
        self.require("hidden", 1, 4096)
        self.require("embed", 1, 4096)
        self.require("context", 1, 4096)

    @property
    def length(self) -> int:
        """Codes in a picture."""
        return self.side * self.side


class Recurrent(nn.Module):
    """Codes so far → logits of the next. Number K stands for "nothing there" before the start and above the top row."""

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        self.config = config
        labels = max(config.num_classes, 1)  # without classes: one that everything belongs to
        self.before = nn.Embedding(config.codes + 1, config.embed)
        self.above = nn.Embedding(config.codes + 1, config.embed)
        self.place = nn.Embedding(config.length, config.context)
        self.label = nn.Embedding(labels, config.context)
        self.start = nn.Embedding(labels, config.hidden)
        self.rnn = nn.GRU(2 * config.embed + 2 * config.context, config.hidden, batch_first=True)
        self.out = nn.Linear(config.hidden, config.codes)

    def neighbours(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """N×L codes, L ≤ side² → the code before and the code above each, and of the one that comes next: N×(L+1)."""
        nothing, side = self.config.codes, self.config.side
        before = F.pad(codes, (1, 0), value=nothing)
        above = F.pad(codes, (side, 0), value=nothing)[:, : codes.shape[1] + 1]
        return before, above

    def step(
        self, before: Tensor, above: Tensor, label: Tensor, first: int, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The neighbours N×M of places first, first+1, … and labels N → logits N×M×K, and the state after them."""
        count, length = before.shape
        place = self.place(torch.arange(first, first + length, device=before.device)).expand(count, -1, -1)
        same = self.label(label)[:, None].expand(-1, length, -1)
        x = torch.cat([self.before(before), self.above(above), place, same], dim=2)
        y, state = self.rnn(x, self.start(label)[None] if state is None else state)
        assert state is not None
        return self.out(y), state

    def forward(self, codes: Tensor, label: Tensor) -> Tensor:
        """Whole pictures N×side² → logits N×side²×K, each place seeing only what is written before it."""
        before, above = self.neighbours(codes[:, :-1])
        return self.step(before, above, label, 0)[0]


class OpenRecurrent:
    """A recurrent network from its file: `sample` writes and completes, `bits` says how surprising codes are."""

    def __init__(self, network: Recurrent, description: Description) -> None:
        self.network, self.description = network, description

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that it can be asked for; empty if it knows none."""
        return self.description.classes

    @torch.inference_mode()
    def sample(
        self, labels: Sequence[int] | Tensor, *, temperature: float = 1.0, seed: int = 0, given: Tensor | None = None
    ) -> Tensor:
        """Codes N×side×side int64, one picture for each of N `labels` (class indices; zeros where there are none).

        `temperature` divides the logits: 1 is the data's own variety, near 0 the likeliest code each time (and at 0
        exactly that). `given`: the first codes, N×n row by row or N×rows×side, which are kept. Picture i draws from
        seed + i, one number a code, so it is the same alone and in a batch (within rounding).
        Raises LatentError for a label, seed, temperature or codes that it cannot take.
        """
        config = self.network.config
        label = self._labels(labels)
        _check_temperature(temperature)
        _check_seed(seed)
        codes = self._prefix(given, len(label))
        draws = _uniforms(seed, len(label), config.length)
        read, state = 0, None
        for place in range(codes.shape[1], config.length):
            before, above = (neighbour[:, read:] for neighbour in self.network.neighbours(codes))
            logits, state = self.network.step(before, above, label, read, state)
            read = place + 1
            codes = torch.cat([codes, choose(logits[:, -1], temperature, draws[:, place])[:, None]], dim=1)
        return codes.view(-1, config.side, config.side)

    @torch.inference_mode()
    def bits(self, codes: Tensor, labels: Sequence[int] | Tensor) -> Tensor:
        """Surprise −log₂ p of each code given those before it: N×side×side codes → N×side×side float32, in bits."""
        config = self.network.config
        check_codes(codes, (config.side, config.side), config.codes, KIND)
        label = self._labels(labels)
        if len(label) != len(codes):
            raise LatentError(f"There are {len(codes)} pictures, but {len(label)} classes.")
        rows = []
        for part, part_label in zip(codes.flatten(1).split(BATCH), label.split(BATCH), strict=True):
            chances = self.network(part, part_label).log_softmax(dim=2)
            rows.append(-chances.gather(2, part[:, :, None])[:, :, 0] / math.log(2))
        return (torch.cat(rows) if rows else torch.zeros(0, config.length)).view_as(codes)

    def _labels(self, labels: Sequence[int] | Tensor) -> Tensor:
        number = max(self.network.config.num_classes, 1)
        wrong = LatentError(f"Classes are a list of whole numbers from 0 to {number - 1}.")
        try:
            values = torch.as_tensor(labels)
        except (TypeError, ValueError, RuntimeError):
            raise wrong from None
        if values.numel() == 0:
            return torch.zeros(0, dtype=torch.long)
        if values.ndim != 1 or values.dtype == torch.bool or values.is_floating_point() or values.is_complex():
            raise wrong
        if not 0 <= int(values.min()) <= int(values.max()) < number:
            raise wrong
        return values.long()

    def _prefix(self, given: Tensor | None, count: int) -> Tensor:
        config = self.network.config
        if given is None:
            return torch.zeros(count, 0, dtype=torch.long)
        if given.ndim == 3 and given.shape[2] != config.side:
            raise LatentError(f"A given row has {config.side} codes, not {given.shape[2]}.")
        if given.ndim not in (2, 3) or len(given) != count:
            raise LatentError(f"What is given must be codes of {count} pictures, not of shape {tuple(given.shape)}.")
        codes = given.flatten(1)
        if codes.shape[1] > config.length:
            raise LatentError(f"A picture has {config.length} codes; {codes.shape[1]} are given.")
        check_codes(codes, (codes.shape[1],), config.codes, KIND)
        return codes


def choose(logits: Tensor, temperature: float, draws: Tensor) -> Tensor:
    """One code for each row of logits N×K by inverting its cumulative distribution at draws [N] in [0, 1); at
    temperature 0 the likeliest."""
    if temperature == 0:
        return logits.argmax(dim=1)
    # Shifted before it is divided, so that no temperature is too small for it.
    chances = ((logits.double() - logits.double().amax(dim=1, keepdim=True)) / temperature).softmax(dim=1)
    cumulative = chances.cumsum(dim=1)
    chosen = torch.searchsorted(cumulative, (draws * cumulative[:, -1])[:, None], right=True)[:, 0]
    return chosen.clamp(max=logits.shape[1] - 1)  # a draw next to 1 can round up to it


def _uniforms(seed: int, pictures: int, count: int) -> Tensor:
    # Seeds follow on each other round the end of their range.
    rows = [np.random.RandomState((seed + i) % (MAX_SEED + 1)).random_sample(count) for i in range(pictures)]
    return torch.from_numpy(np.stack(rows)) if rows else torch.zeros(0, count, dtype=torch.double)


def _check_temperature(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < math.inf:
        raise LatentError(f"The temperature must be a finite number from 0 up, not {value!r}.")


def _check_seed(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SEED:
        raise LatentError(f"A seed is a whole number from 0 to {MAX_SEED}, not {value!r}.")


def open_recurrent(path: str | Path) -> OpenRecurrent:
    """The recurrent network in a folder or a file; CheckpointError, one sentence, if it is not a whole one."""
    path = Path(path)
    file = path if path.suffix == ".safetensors" else path / FILE
    return OpenRecurrent(*open_companion(file, KIND, RecurrentConfig, Recurrent, lambda config: config.num_classes))
