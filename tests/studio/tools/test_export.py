from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from postprocess import StepUse
from studio import Recipe, StoppedError, Studio, StudioError, recipe_from_png
from studio.tools.enlarge import SIZE, Upscaler, enlarge, lanczos, methods
from studio.tools.export import CARD_SECONDS, Wish, export_walk, to_pixels
from studio.tools.walk import Walk, Walker, walk_from_json

WALK = Walk((Recipe(seed=1), Recipe(seed=2)), 8, "spline")


def test_a_frame_of_a_film_equals_the_same_recipe_alone(tmp_path: Path, studio: Studio):
    film, beside = export_walk(studio, WALK, tmp_path / "walk.zip", Wish("png"))
    recipes = list(Walker(studio, WALK))
    with zipfile.ZipFile(film.path) as archive:
        for number, name in enumerate(sorted(archive.namelist())):
            data = archive.read(name)
            assert recipe_from_png(data) == studio.normalise(recipes[number])
            pixels = np.asarray(Image.open(io.BytesIO(data)))
            np.testing.assert_array_equal(pixels, to_pixels(studio.render(recipe_from_png(data))))
    content = json.loads(beside.read_text())
    again = walk_from_json(content["walk"])
    assert list(again.keys) == [recipes[0], recipes[4]] and content["film"]["fps"] == 25
    assert list(Walker(studio, again)) == recipes


def test_a_film_is_enlarged_and_begins_with_its_card(tmp_path: Path, studio: Studio):
    film, _ = export_walk(
        studio, WALK, tmp_path / "walk.png", Wish("apng", fps=10, factor=2, card="Plums that never were")
    )
    cards = round(CARD_SECONDS * 10)
    assert (film.frames, film.width, film.height) == (8 + cards, 64, 64)
    with av.open(str(film.path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == 8 + cards
    np.testing.assert_array_equal(frames[0], frames[cards - 1])
    assert np.median(frames[0].reshape(-1, 3), axis=0).tolist() == [247, 242, 232]  # paper
    wanted = to_pixels(studio.render(WALK.keys[0]), 2)
    np.testing.assert_array_equal(frames[cards], wanted)


def test_a_film_that_is_stopped_or_refused_leaves_nothing(tmp_path: Path, studio: Studio):
    def progress(share: float) -> None:
        if share > 0.5:
            raise StoppedError("closed")

    with pytest.raises(StoppedError):
        export_walk(studio, WALK, tmp_path / "walk.mp4", Wish("mp4"), progress)
    resized = Walk((Recipe(steps=(StepUse("resize"),)), Recipe()), 4)
    for walk, wish in [
        (WALK, Wish("avi")),
        (WALK, Wish(fps=0)),
        (WALK, Wish(factor=3)),
        (WALK, Wish(method="magic")),
        (WALK, Wish("gif", sound=Path("song.mp3"))),
        (Walk((Recipe(),), 10_000), Wish()),
        (resized, Wish()),
    ]:
        with pytest.raises(StudioError):
            export_walk(studio, walk, tmp_path / "walk.mp4", wish)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_enlarging_is_smooth_and_keeps_its_range(factor: int):
    picture = np.random.default_rng(0).random((12, 10, 3), np.float32)
    large = enlarge(picture, factor)
    assert large.shape == (12 * factor, 10 * factor, 3) and large.min() >= 0 and large.max() <= 1
    np.testing.assert_allclose(large.mean((0, 1)), picture.mean((0, 1)), atol=0.02)
    assert enlarge(picture[..., 0], factor).shape == (12 * factor, 10 * factor)
    np.testing.assert_array_equal(lanczos(picture, 10, 12), picture)


def test_the_learned_network_reads_its_weights_as_they_lie_in_the_file():
    rng = np.random.default_rng(0)
    parts, layers = [], []
    for before, after in [(3, 64), *[(64, 64)] * 16, (64, 48)]:
        weight = (rng.normal(size=(after, before, 3, 3)) * 0.05).astype("<f2")
        bias, slope = rng.normal(size=after).astype("<f4"), rng.random(64).astype("<f4")
        parts += [b"\x47\x6b\x30\x01", weight.tobytes(), bias.tobytes(), *([slope.tobytes()] if after == 64 else [])]
        layers.append((weight, bias, slope))
    data = b"".join(parts)
    assert len(data) == SIZE
    network = Upscaler()
    network.read(data)
    state = {name: value.numpy() for name, value in network.state_dict().items()}
    for number, (weight, bias, _) in enumerate(layers):
        np.testing.assert_array_equal(state[f"convolutions.{number}.weight"], weight.astype(np.float32))
        np.testing.assert_array_equal(state[f"convolutions.{number}.bias"], bias)
    np.testing.assert_array_equal(state["slopes.16.weight"], layers[16][2])
    for broken in (data[:-1], b"\0" * SIZE):
        with pytest.raises(StudioError, match="weights"):
            network.read(broken)


@pytest.mark.skipif("learned" not in methods(), reason="the package with the learned enlargement's weights is not here")
def test_the_learned_enlargement_is_near_the_plain_one():
    y, x = np.mgrid[0:1:24j, 0:1:24j]
    picture = np.stack([x, y, (np.hypot(x - 0.5, y - 0.5) < 0.3) * 0.8], axis=-1).astype(np.float32)
    assert np.abs(enlarge(picture, 4, "learned") - enlarge(picture, 4)).mean() < 0.05
    np.testing.assert_array_equal(enlarge(picture, 2, "learned", 0.0), enlarge(picture, 2))


def test_what_cannot_be_enlarged_is_refused():
    for factor, method, strength, side in [
        (3, "lanczos", 1.0, 8),
        (4, "magic", 1.0, 8),
        (2, "lanczos", 2.0, 8),
        (4, "lanczos", 1.0, 2000),
    ]:
        with pytest.raises(StudioError):
            enlarge(np.zeros((side, 8, 3), np.float32), factor, method, strength)
