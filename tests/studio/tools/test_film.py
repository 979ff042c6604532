from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from studio import StoppedError, StudioError
from studio.tools.film import KINDS, Film, over_paper, write_film
from studio.tools.labels import Label

from .sounds import beats

LABEL = Label("A walk", "AI-generated film: plums", "Nobody, CC0", "<x:xmpmeta>trainedAlgorithmicMedia</x:xmpmeta>")
SIDE, COUNT, FPS = 48, 20, 25


def loop(count: int = COUNT, height: int = SIDE, width: int = SIDE, opacity: bool = False) -> Iterator[np.ndarray]:
    """Soft colours that turn once round."""
    y, x = np.mgrid[0:height, 0:width] / 48
    for i in range(count):
        t = 2 * np.pi * i / count
        planes = [0.5 + 0.4 * np.sin(t + 2 * y), y.clip(0, 1), 0.5 + 0.4 * np.cos(t + 3 * x)]
        if opacity:
            planes.append((x > 0.5).astype(float))
        yield (np.stack(planes, axis=-1) * 255).astype(np.uint8)


def write(path: Path, kind: str, **kwargs) -> Film:
    return write_film(
        path / f"film{KINDS[kind].suffix}", kwargs.pop("frames", loop()), COUNT, FPS, kind, LABEL, **kwargs
    )


def decode(film: Film, kind: str) -> list[np.ndarray]:
    if kind == "webp":  # ffmpeg reads no moving WebP
        with Image.open(film.path) as image:
            frames = []
            for number in range(getattr(image, "n_frames", 1)):
                image.seek(number)
                frames.append(np.asarray(image.convert("RGB")))
            return frames
    if kind == "png":
        with zipfile.ZipFile(film.path) as archive:
            return [np.asarray(Image.open(io.BytesIO(archive.read(name)))) for name in sorted(archive.namelist())]
    with av.open(str(film.path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_film_decodes_to_its_frames_at_its_rate_with_its_label(tmp_path: Path, kind: str):
    film = write(tmp_path, kind)
    frames = decode(film, kind)
    asked = list(loop())
    assert len(frames) == COUNT and film.seconds == COUNT / FPS and film.size == film.path.stat().st_size
    errors = [np.abs(got.astype(int) - wanted).mean() for got, wanted in zip(frames, asked, strict=True)]
    assert max(errors) == 0 if KINDS[kind].exact else max(errors) < 7
    # The seam: the last frame is as near to the first as any is to its next.
    steps = [np.abs(a.astype(int) - b).mean() for a, b in zip(frames, frames[1:] + frames[:1], strict=True)]
    assert steps[-1] < 1.5 * max(steps[:-1])
    assert [path.name for path in tmp_path.iterdir()] == [film.path.name]
    if kind in ("mp4", "gif", "apng", "webp"):
        assert LABEL.packet.encode() in film.path.read_bytes()
    if kind in ("mp4", "webm", "gif", "apng"):
        with av.open(str(film.path)) as container:
            assert container.streams.video[0].average_rate == FPS
            if kind in ("mp4", "webm"):
                told = {key.lower(): value for key, value in container.metadata.items()}
                assert told["comment"] == LABEL.description and told["title"] == LABEL.title


def test_pillow_reads_the_labels_and_the_loop(tmp_path: Path):
    for kind in ("gif", "apng", "webp"):
        with Image.open(write(tmp_path, kind).path) as image:
            image.load()
            assert getattr(image, "n_frames", 1) == COUNT and image.info["loop"] == 0
            if kind != "gif":  # Pillow skips those
                assert b"trainedAlgorithmicMedia" in image.info["xmp"]


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_sound_lies_under_a_film_and_ends_with_it(tmp_path: Path, kind: str):
    drum, struck = beats(tmp_path / "drum.wav", 2.0, 120.0)
    film = write(tmp_path, kind, sound=drum)
    with av.open(str(film.path)) as container:
        blocks = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].rate
    heard = np.concatenate(blocks)
    assert len(heard) / rate == pytest.approx(COUNT / FPS, abs=0.08)
    loudest = np.abs(heard).argmax() / rate
    assert np.abs(struck - loudest).min() < 0.08


def test_sound_is_refused_where_a_film_has_none_and_where_it_is_none(tmp_path: Path):
    drum, _ = beats(tmp_path / "drum.wav", 1.0, 120.0)
    text = tmp_path / "song.mp3"
    text.write_text("la")
    for kind, sound, words in [("gif", drum, "no sound"), ("mp4", text, "no sound")]:
        with pytest.raises(StudioError, match=words):
            write(tmp_path, kind, sound=sound)
    assert {path.name for path in tmp_path.iterdir()} == {"drum.wav", "song.mp3"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_film_that_is_stopped_leaves_nothing_behind(tmp_path: Path, kind: str):
    def progress(share: float) -> None:
        if share > 0.4:
            raise StoppedError("closed")

    kept = tmp_path / f"film{KINDS[kind].suffix}"
    kept.write_bytes(b"an earlier film")
    with pytest.raises(StoppedError):
        write(tmp_path, kind, progress=progress)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"an earlier film"]


def test_frames_are_taken_as_they_are_needed(tmp_path: Path):
    taken: list[int] = []

    def frames() -> Iterator[np.ndarray]:
        for number, frame in enumerate(loop()):
            taken.append(number)
            yield frame

    seen: list[int] = []
    write(tmp_path, "apng", frames=frames(), progress=lambda share: seen.append(len(taken)))
    assert seen == list(range(1, COUNT + 1))


def test_odd_sides_grow_by_a_row_and_opacity_lies_over_paper(tmp_path: Path):
    film = write(tmp_path, "mp4", frames=loop(height=33, width=47, opacity=True))
    frames = decode(film, "mp4")
    assert (film.width, film.height) == (48, 34) and frames[0].shape == (34, 48, 3)
    wanted = over_paper(next(loop(height=33, width=47, opacity=True)))
    assert np.abs(frames[0][:33, :47].astype(int) - wanted).mean() < 6
    kept = decode(write(tmp_path, "png", frames=loop(opacity=True)), "png")
    np.testing.assert_array_equal(kept[3], list(loop(opacity=True))[3])


@pytest.mark.parametrize(
    ("count", "fps", "kind", "words"),
    [
        (10_000, 25, "mp4", "6000 frames"),
        (0, 25, "mp4", "frames"),
        (5, 500, "gif", "a second"),
        (5, 25, "avi", "one of"),
    ],
)
def test_what_no_film_is_made_of_is_refused(tmp_path: Path, count: int, fps: int, kind: str, words: str):
    with pytest.raises(StudioError, match=words):
        write_film(tmp_path / "x", loop(), count, fps, kind, LABEL)
    assert not list(tmp_path.iterdir())


def test_frames_of_different_sizes_and_too_few_of_them_are_refused(tmp_path: Path):
    for frames, words in [([*loop(3), *loop(3, height=20)], "one size"), (list(loop(3)), "after 3 of")]:
        with pytest.raises(StudioError, match=words):
            write(tmp_path, "apng", frames=frames)
    assert not list(tmp_path.iterdir())
