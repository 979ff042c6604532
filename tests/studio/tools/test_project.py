from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from generator import FeatureError, save_checkpoint
from generator.families.stylegan2 import StyleGAN2
from generator.families.stylegan2.encoder import Encoder, EncoderConfig
from generator.measuring import Likeness, likeness
from studio import Recipe, RecipeError, StoppedError, Studio, StudioError
from studio.tools.project import (
    SIZES,
    Place,
    State,
    error_of,
    first_guess,
    found,
    placed,
    project,
    read_upload,
    refine,
    shape_of,
    state_from_text,
)
from tests.studio.conftest import CLASSES, Z_DIM, tiny_model

BASE = Recipe(seed=1)


@pytest.fixture(scope="module")
def target(studio: Studio) -> np.ndarray:
    """A picture that the model can paint."""
    return studio.render(Recipe(seed=77), critic="none").raw


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def test_a_search_comes_nearer_and_its_recipe_is_its_picture(studio: Studio, target: np.ndarray):
    states = [*project(studio, BASE, target, 40, 0.2)]
    first, middle, last = (error_of(studio, BASE, states[i], target).psnr for i in (0, 20, 40))
    assert len(states) == 41 and last > first + 4 and last > middle
    state = states[-1]
    recipe = found(studio, BASE, state)
    assert recipe.ws is not None and recipe == Recipe.from_query(recipe.to_query())
    picture = studio.render(recipe, critic="none").picture
    wanted = -10 * np.log10(((picture - target) ** 2).mean())
    assert error_of(studio, BASE, state, target).psnr == pytest.approx(wanted, abs=1e-3)


def test_a_search_in_slices_is_the_same_search(studio: Studio, target: np.ndarray):
    state = first_guess(studio, BASE, target, 6)
    whole = refine(studio, BASE, target, state)
    shares: list[float] = []
    for _ in range(6):
        state = state_from_text(state.to_text(), shape_of(studio, BASE))
        state = refine(studio, BASE, target, state, seconds=0, progress=shares.append)
    assert state.done == whole.done == 6 and max(shares) == 1
    np.testing.assert_array_equal(state.at, whole.at)
    assert refine(studio, BASE, target, state).done == 6  # nothing is left


def test_what_a_network_sees_is_found_better_where_it_is_asked(studio: Studio, target: np.ndarray):
    begun = first_guess(studio, BASE, target, 60)
    blind, seeing = (refine(studio, BASE, target, begun, 0.2, features=each) for each in (False, True))
    wanted = torch.from_numpy(target.copy()).permute(2, 0, 1)[None] * 2 - 1

    def distance(state: State) -> float:
        painted = studio.render(found(studio, BASE, state), critic="none").raw
        return float(Likeness(wanted).distance(torch.from_numpy(painted.copy()).permute(2, 0, 1)[None] * 2 - 1))

    assert distance(seeing) < 0.9 * distance(blind)
    early = replace(begun, steps=1000)  # of so long a search the first steps look at pixels alone
    one, other = (refine(studio, BASE, target, early, seconds=0, features=each).at for each in (False, True))
    np.testing.assert_array_equal(one, other)


def test_where_the_network_is_missing_pixels_are_enough(
    studio: Studio, target: np.ndarray, monkeypatch: pytest.MonkeyPatch
):
    def missing(name: str) -> None:
        raise FeatureError(f"{name} is not installed.")

    begun = first_guess(studio, BASE, target, 8)
    without = refine(studio, BASE, target, begun, features=False)
    monkeypatch.setattr(likeness, "feature_network", missing)
    np.testing.assert_array_equal(refine(studio, BASE, target, begun).at, without.at)


def test_the_dial_holds_a_picture_near_the_average(studio: Studio, target: np.ndarray):
    like, editable = ([*project(studio, BASE, target, 40, dial)][-1] for dial in (0.0, 1.0))
    near, far = error_of(studio, BASE, editable, target), error_of(studio, BASE, like, target)
    assert near.distance < 0.8 * far.distance
    assert (editable.at.std(axis=0) < like.at.std(axis=0)).mean() > 0.8


def test_an_encoder_is_asked_where_there_is_one(studio: Studio, tmp_path: Path, target: np.ndarray):
    blind_studio = studio
    model = tiny_model("seeing", classes=CLASSES)
    size = {"resolution": 32, "channel_base": 256, "channel_max": 16}
    torch.manual_seed(0)
    encoder = Encoder(EncoderConfig(num_classes=len(CLASSES), z_dim=Z_DIM, hidden=16, **size))
    assert isinstance(model.family, StyleGAN2)
    model.family = StyleGAN2(model.family.generator, model.family.critic, encoder)
    save_checkpoint(model, tmp_path / "seeing")
    studio = Studio(tmp_path, default="seeing", precision="fp32")
    guess = error_of(studio, BASE, first_guess(studio, BASE, target), target)
    blind = error_of(blind_studio, BASE, first_guess(blind_studio, BASE, target), target)
    assert guess.psnr >= blind.psnr - 0.01  # the same weights: the average is one of the guesses


def test_what_a_picture_is_taken_for_is_tried_beside_the_class(studio: Studio):
    asked, other = (studio.normalise(replace(BASE, label=label)) for label in CLASSES[:2])
    wanted = studio.render(replace(other, psi=0.0), critic="none").raw  # the other class's average
    blind, told = first_guess(studio, asked, wanted), first_guess(studio, asked, wanted, taken_for=other.label)
    np.testing.assert_array_equal(told.at, first_guess(studio, other, wanted).at)
    assert error_of(studio, BASE, told, wanted).psnr > error_of(studio, BASE, blind, wanted).psnr + 3
    own = studio.render(replace(asked, psi=0.0), critic="none").raw
    unmoved = first_guess(studio, asked, own, taken_for=other.label)
    np.testing.assert_array_equal(unmoved.at, first_guess(studio, asked, own).at)
    with pytest.raises(RecipeError, match="has no class"):
        first_guess(studio, asked, wanted, taken_for="nothing")


def test_it_is_not_said_too_early_that_a_picture_is_unknown(studio: Studio):
    wanted = np.random.default_rng(0).random((32, 32, 3)).astype(np.float32)
    state = first_guess(studio, BASE, wanted, 3)
    assert error_of(studio, BASE, state, wanted).words.startswith("Not yet like it: ")
    ended = refine(studio, BASE, wanted, state)
    assert "does not know such pictures" in error_of(studio, BASE, ended, wanted).words


def test_a_model_without_classes_or_encoder_begins_at_its_average(studio: Studio):
    recipe = Recipe(model="plain")
    wanted = studio.render(replace(recipe, seed=9), critic="none").raw
    guess = first_guess(studio, recipe, wanted)
    np.testing.assert_array_equal(guess.at, first_guess(studio, recipe, 1 - wanted).at)
    refined = refine(studio, recipe, wanted, replace(guess, steps=20))
    assert error_of(studio, recipe, refined, wanted).psnr > error_of(studio, recipe, guess, wanted).psnr


def test_the_square_is_where_it_was_placed():
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 255, (40, 60, 3), np.uint8))
    pixels = np.asarray(image, np.float32) / 255
    np.testing.assert_allclose(placed(image, Place(), 40), pixels[:, 10:50], atol=1e-6)
    np.testing.assert_allclose(placed(image, Place(0.25, 0.5, 0.5), 20), pixels[10:30, 5:25], atol=1e-6)
    wide = placed(image, Place(size=1.5), 60)
    np.testing.assert_allclose(wide[10:50], pixels, atol=1e-6)
    assert (wide[:10] == wide[0, 0]).all() and (wide[50:] == wide[0, 0]).all()
    for wrong in (Place(size=SIZES[1] + 1), Place(x=2), Place(y=float("nan")), Place(size=0)):
        with pytest.raises(StudioError):
            placed(image, wrong, 32)


def test_uploads_of_every_kind_are_right():
    rng = np.random.default_rng(0)
    colours = Image.fromarray(rng.integers(0, 255, (30, 20, 3), np.uint8).repeat(4, 0).repeat(4, 1))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = np.asarray(read_upload(saved(colours, "JPEG", exif=exif, quality=95))[0])
    assert upright.shape == (80, 120, 3)
    deep = Image.fromarray((np.arange(65536, step=64, dtype=np.uint16)).reshape(32, 32))
    assert np.asarray(read_upload(saved(deep))[0])[-1, -1].tolist() == [255] * 3
    for image in (colours.convert("CMYK"), colours.convert("L"), colours.convert("P"), colours.convert("1")):
        kind = "TIFF" if image.mode == "CMYK" else "PNG"
        assert read_upload(saved(image, kind))[0].mode == "RGB"
    clear = colours.copy()
    clear.putalpha(Image.new("L", clear.size, 0))
    image, done = read_upload(saved(clear))
    assert image.getextrema() == ((255, 255),) * 3 and done
    moving = saved(colours, "GIF", save_all=True, append_images=[colours.rotate(90)])
    assert any("first frame" in each for each in read_upload(moving)[1])
    assert max(read_upload(saved(colours.resize((3000, 2000))), resolution=128)[0].size) == 512


def test_what_is_no_upload_is_refused_in_a_sentence():
    whole = saved(Image.new("RGB", (64, 64), "red"))
    huge = saved(Image.new("1", (20_000, 10_000)))
    for data in (b"", b"la la la", whole[:60], huge):
        with pytest.raises(StudioError, match=r"\.$"):
            read_upload(data)


def test_what_is_wrong_with_a_search_is_refused(studio: Studio, target: np.ndarray):
    shape = shape_of(studio, BASE)
    good = first_guess(studio, BASE, target)
    texts: list[object] = [None, "", "1/2:", good.to_text()[:-8], "9/5" + good.to_text()[5:], 7]
    bad = replace(good, at=np.full_like(good.at, np.nan))
    for text in [*texts, bad.to_text(), replace(good, second=good.second - 1).to_text()]:
        with pytest.raises(StudioError, match=r"\.$"):
            state_from_text(text, shape)
    for steps in (0, 10**6, 2.5):
        with pytest.raises(StudioError):
            first_guess(studio, BASE, target, steps)  # type: ignore[arg-type]
    with pytest.raises(StudioError, match="Editability"):
        refine(studio, BASE, target, good, 2.0)
    with pytest.raises(StudioError, match="32 px"):
        first_guess(studio, BASE, target[:16])

    def stop(share: float) -> None:
        raise StoppedError("closed")

    with pytest.raises(StoppedError):
        refine(studio, BASE, target, good, progress=stop)
