from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from studio import StudioError
from studio.tools import music
from studio.tools.music import CURVES, listen

from .sounds import RATE, beats, write_wav


@pytest.mark.parametrize("tempo", [90.0, 118.0, 140.0])
def test_every_beat_is_heard_when_it_is_struck(tmp_path: Path, tempo: float):
    path, struck = beats(tmp_path / "drum.wav", 8.0, tempo)
    sound = listen(path)
    assert len(sound.onsets) == len(struck)
    np.testing.assert_allclose(sound.onsets, struck, atol=0.025)
    assert sound.beat == pytest.approx(tempo, rel=0.02)
    assert sound.seconds == pytest.approx(8.0, abs=0.05)


@pytest.mark.parametrize("first", [0.0, 0.01, 0.03, 0.06])
def test_a_beat_at_the_very_beginning_is_heard(tmp_path: Path, first: float):
    path, struck = beats(tmp_path / "drum.wav", 6.0, 120.0, first=first)
    sound = listen(path)
    assert len(sound.onsets) == len(struck)
    np.testing.assert_allclose(sound.onsets, struck, atol=0.025)
    assert sound.at("onsets", 25, 4).max() > 0.4


def test_what_goes_on_as_it_was_has_no_onsets(tmp_path: Path):
    time = np.arange(3 * RATE) / RATE
    tone = 0.5 * np.sin(2 * np.pi * 440 * time)
    noise = np.random.default_rng(0).normal(0, 0.1, 3 * RATE)
    assert not len(listen(write_wav(tmp_path / "noise.wav", noise)).onsets)
    swelling, steady = (listen(write_wav(tmp_path / "x.wav", each)).onsets for each in (tone * time / 3, tone))
    assert not ((steady > 0.1) & (steady < 2.9)).any()  # it begins, and breaks off
    assert not (swelling < 2.9).any()


def test_a_low_drum_is_heard_in_the_low_band_and_curves_end_with_the_sound(tmp_path: Path):
    path, struck = beats(tmp_path / "drum.wav", 4.0, 60.0, pitch=80.0)
    sound = listen(path)
    curves = {name: sound.at(name, 25, 150) for name in CURVES}
    for name, values in curves.items():
        assert values.shape == (150,) and values.min() >= 0 and values.max() <= 1, name
        assert not values[102:].any()
    hits = np.round(struck * 25).astype(int) + 1
    assert curves["low"][hits].min() > 0.5 > curves["low"][hits - 4].max()
    assert curves["onsets"][hits].min() > 0.5
    with pytest.raises(StudioError, match="loudness"):
        sound.at("treble", 25, 10)


def test_silence_and_a_short_sound_are_sounds(tmp_path: Path):
    quiet = listen(write_wav(tmp_path / "quiet.wav", np.zeros(RATE)))
    assert not len(quiet.onsets) and quiet.beat is None
    assert all(np.isfinite(values).all() for values in quiet.curves.values())
    with pytest.raises(StudioError, match="no sound"):
        listen(write_wav(tmp_path / "blip.wav", np.zeros(400)))


def test_an_hour_of_sound_is_refused_before_it_is_all_read(tmp_path: Path):
    path = tmp_path / "hour.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(1000)
        file.writeframes(bytes([128]) * 3_600_000)
    with pytest.raises(StudioError, match=r"too long.*10 minutes|10 minutes"):
        listen(path)
    heard = sum(len(block) for block in _until_refused(path))
    assert heard <= (music.MAX_SECONDS + 1) * music.RATE


def _until_refused(path: Path) -> Iterator[np.ndarray]:
    try:
        yield from music.decoded(path)
    except StudioError:
        return


def test_what_is_no_sound_or_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    text = tmp_path / "song.mp3"
    text.write_text("la la la " * 500)
    for path in (text, tmp_path / "not there", tmp_path):
        with pytest.raises(StudioError, match="no sound"):
            listen(path)
    monkeypatch.setattr(music, "MAX_SECONDS", 1.0)
    with pytest.raises(StudioError, match="too long"):
        listen(write_wav(tmp_path / "hour.wav", np.zeros(2 * RATE)))
