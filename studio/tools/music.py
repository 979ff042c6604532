"""What a sound does over time: onsets, loudness and bands, one number a frame, to drive a walk with.

Decoded with PyAV, whatever the file is; measured with a dozen lines of numpy. Onsets are peaks of the spectral flux
(Bello et al. 2005, "A tutorial on onset detection in music signals", §III), which is all that a beat needs here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from studio import StudioError

Array = NDArray[np.float64]

RATE = 22_050  # samples a second, mono: enough for what is heard as a beat or a band
WINDOW, HOP = 1024, 256  # 46 ms, every 11.6 ms
MAX_SECONDS = 600.0
MAX_BYTES = 200 << 20
BANDS = {"low": (20.0, 250.0), "middle": (250.0, 2000.0), "high": (2000.0, 11_000.0)}  # Hz
CURVES = ("loudness", *BANDS, "onsets")
LEAST = 0.03  # of the loudest frame's spectrum: what rises by less is no onset
QUIET = 20  # per cent of a sound's frames that are at most as loud as what is quiet in it
FALL = 0.25  # seconds in which an onset dies away to a third
NO_SOUND = "This file holds no sound that can be read."


@dataclass(frozen=True, eq=False)
class Sound:
    """A sound as it was measured: `curves` by name (CURVES), one value in 0 … 1 every HOP samples; `onsets` in seconds;
    `beat`: beats a minute, None where no steady one was found."""

    seconds: float
    onsets: Array
    beat: float | None
    curves: dict[str, Array]

    def at(self, name: str, fps: float, frames: int) -> Array:
        """A curve's value at each of `frames` frames; 0 after the sound's end. StudioError for an unknown name."""
        if name not in self.curves:
            raise StudioError(f"A sound has {', '.join(CURVES)}, not {name!r}.")
        values = self.curves[name]
        return np.interp(np.arange(frames) / fps, np.arange(len(values)) * HOP / RATE, values, right=0.0)


def listen(path: Path) -> Sound:
    """Decode and measure a sound file of at most MAX_SECONDS; StudioError, one sentence, if it is none or too long."""
    samples = np.concatenate([*decoded(path)])
    if len(samples) < WINDOW:
        raise StudioError(NO_SOUND)
    spectrum = _spectrum(samples)
    flux = _flux(spectrum)
    onsets = _peaks(flux)
    frequencies = np.arange(spectrum.shape[1]) * RATE / WINDOW
    curves = {"loudness": _scaled((spectrum**2).sum(axis=1))}
    for name, (low, high) in BANDS.items():
        curves[name] = _scaled((spectrum[:, (frequencies >= low) & (frequencies < high)] ** 2).sum(axis=1))
    curves["onsets"] = _ringing(onsets, flux)
    return Sound(len(samples) / RATE, onsets * HOP / RATE, _beat(flux), curves)


def decoded(path: Path, rate: int = RATE) -> Iterator[NDArray[np.float32]]:
    """The sound of a file, mono float32 at `rate`, block by block; StudioError as for `listen`."""
    try:
        size = path.stat().st_size
    except OSError:
        raise StudioError(NO_SOUND) from None
    if size > MAX_BYTES:
        raise StudioError(f"This sound file is too large: {MAX_BYTES >> 20} MB are the most.")
    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
    count = 0
    try:
        with av.open(str(path), options={"protocol_whitelist": "file"}) as container:
            if not container.streams.audio:
                raise StudioError(NO_SOUND)
            for frame in _frames(container):
                for part in resampler.resample(frame):
                    block = np.ascontiguousarray(part.to_ndarray().reshape(-1), np.float32)
                    count += len(block)
                    if count > MAX_SECONDS * rate:
                        raise StudioError(f"This sound is too long: {MAX_SECONDS / 60:.0f} minutes are the most.")
                    yield np.nan_to_num(block)
    except (av.FFmpegError, ValueError, OSError) as error:
        if isinstance(error, StudioError):
            raise
        raise StudioError(NO_SOUND) from None


def _frames(container: av.container.InputContainer) -> Iterator[av.AudioFrame | None]:
    """The first sound's frames, then None to empty a resampler."""
    yield from container.decode(container.streams.audio[0])
    yield None


def _spectrum(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Magnitudes frames×(WINDOW/2+1) of a Hann-windowed short-time transform; a frame's middle is its time."""
    padded = np.pad(samples, (WINDOW // 2, WINDOW))
    starts = range(0, len(samples), HOP)
    window = np.hanning(WINDOW).astype(np.float32)
    views = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][: len(starts)]
    blocks = [np.abs(np.fft.rfft(views[i : i + 512] * window, axis=1)) for i in range(0, len(views), 512)]
    return np.concatenate(blocks).astype(np.float32)


def _flux(spectrum: NDArray[np.float32]) -> Array:
    """By how much each frame's spectrum, in logarithm, rises over the one 23 ms before, as a share of the loudest; at
    least 0. Before its beginning a sound is taken to be as it is where it is quiet: a beat at 0 rises, a hiss does not.
    """
    loud = np.log1p(100 * spectrum / max(float(spectrum.max()), 1e-9))
    quiet = np.percentile(loud, QUIET, axis=0, keepdims=True)
    before = np.concatenate([quiet, quiet, loud[:-2]])[: len(loud)]
    rise = np.maximum(loud - before, 0).sum(axis=1)
    return (rise / max(float(loud.sum(axis=1).max()), 1e-9)).astype(np.float64)


def _peaks(flux: Array) -> NDArray[np.int64]:
    """Frames in which the flux peaks clearly above its surroundings, at least 60 ms apart."""
    reach, apart = round(0.5 * RATE / HOP), round(0.06 * RATE / HOP)
    padded = np.pad(flux, reach, mode="reflect" if len(flux) > reach else "edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    floor = np.median(around, axis=1) * 1.5 + 0.15 * np.percentile(flux, 98)
    near = np.lib.stride_tricks.sliding_window_view(np.pad(flux, apart), 2 * apart + 1).max(axis=1)
    return np.flatnonzero((flux >= near) & (flux > floor) & (flux > LEAST))


def _ringing(onsets: NDArray[np.int64], flux: Array) -> Array:
    """1 at a strong onset, less at a weaker one, dying away after each."""
    values = np.zeros(len(flux))
    if len(onsets):
        values[onsets] = np.minimum(flux[onsets] / np.percentile(flux[onsets], 80), 1)
    fade = np.exp(-HOP / RATE / FALL)
    for i in range(1, len(values)):
        values[i] = max(values[i], values[i - 1] * fade)
    return values


def _beat(flux: Array) -> float | None:
    """Beats a minute, 60 … 180, where the flux repeats itself most; None where it hardly does."""
    centred = flux - flux.mean()
    size = 1 << (2 * len(centred) - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    repeats = np.fft.irfft(power, size)[: len(centred)]
    lags = np.arange(round(60 / 180 * RATE / HOP), min(round(60 / 60 * RATE / HOP) + 1, len(centred) // 2))
    if not len(lags) or repeats[0] <= 0:
        return None
    # Tempi near 120 are likelier than their halves and doubles, at which the flux repeats as well.
    likely = np.exp(-0.5 * (np.log2(60 * RATE / HOP / lags / 120) / 0.9) ** 2)
    best = int(lags[(repeats[lags] * likely).argmax()])
    if repeats[best] < 0.1 * repeats[0]:
        return None
    left, middle, right = repeats[best - 1 : best + 2]
    bend = left - 2 * middle + right
    return float(60 * RATE / HOP / (best + (0.5 * (left - right) / bend if bend else 0.0)))


def _scaled(energy: NDArray[np.float32]) -> Array:
    """Energies as 0 … 1, in decibels between the sound's own quiet and loud, smoothed over 50 ms."""
    peak = max(float(energy.max()), 1e-12)
    decibels = 10 * np.log10(np.maximum(energy / peak, 1e-6))
    smooth = np.convolve(np.pad(decibels, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    low, high = np.percentile(smooth, [5, 99])
    return ((smooth - low) / max(high - low, 1.0)).clip(0, 1).astype(np.float64)
