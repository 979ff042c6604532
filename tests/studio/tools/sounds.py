"""Sounds whose beats are known."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

RATE = 44_100


def write_wav(path: Path, samples: np.ndarray) -> Path:
    """A mono 16-bit file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples.clip(-1, 1) * 32767).astype("<i2").tobytes())
    return path


def beats(
    path: Path, seconds: float, tempo: float, pitch: float = 100.0, first: float = 0.25
) -> tuple[Path, np.ndarray]:
    """A drum over faint noise, struck from `first` on, and when it is struck."""
    rng = np.random.default_rng(0)
    sound = rng.normal(0, 0.005, round(seconds * RATE))
    struck = np.arange(first, seconds - 0.2, 60 / tempo)
    time = np.arange(round(0.15 * RATE)) / RATE
    hit = 0.7 * np.exp(-time / 0.04) * np.sin(2 * np.pi * pitch * time)
    for begin in struck:
        at = round(begin * RATE)
        sound[at : at + len(hit)] += hit
    return write_wav(path, sound), struck
