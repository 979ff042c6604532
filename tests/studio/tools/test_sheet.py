from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from studio import MAX_SEED, Recipe, StoppedError, Studio, StudioError
from studio.tools.latents import styles_of, with_styles
from studio.tools.sheet import MOST, ORDERS, Entry, arrange, distance, look_at, paint, seeds_from, without_duplicates


def seen(picture: np.ndarray, seed: int = 0) -> Entry:
    """An array as it stands on a sheet."""
    return Entry(Recipe(seed=seed), look_at(picture.astype(np.float32), 32), None)


def disc(radius: float, colour: tuple[float, float, float], side: int = 96) -> np.ndarray:
    """A disc on white."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    return np.where((x**2 + y**2 < radius**2)[..., None], colour, 1.0)


@pytest.mark.parametrize("radius", [0.3, 0.5, 0.8])
def test_the_size_of_a_disc_is_its_area(radius: float):
    assert seen(disc(radius, (0.7, 0.1, 0.1))).look.size == pytest.approx(np.pi * radius**2 / 4, abs=0.04)


def test_colours_are_those_of_the_subject_not_of_the_paper():
    red, green, blue, dark = (
        seen(disc(0.5, colour)) for colour in [(0.8, 0.1, 0.1), (0.1, 0.6, 0.1), (0.1, 0.1, 0.8), (0.1, 0.1, 0.1)]
    )
    assert red.look.hue < green.look.hue < blue.look.hue
    assert dark.look.chroma < 5 < red.look.chroma and dark.look.lightness < 20
    assert arrange([blue, green, red], "hue") == [red, green, blue]
    assert arrange([red, dark], "lightness") == [dark, red]


def test_orders_sort_by_what_they_say(studio: Studio):
    entries = list(paint(studio, seeds_from(Recipe(), 12), 32))
    for by, key in ORDERS.items():
        values = [key(entry) for entry in arrange(entries, by)]
        assert values == sorted(values), by
    assert arrange(entries) == entries
    like = arrange(entries, "likeness", entries[5])
    assert like[0] is entries[5]
    assert np.diff([distance(entry, entries[5]) for entry in like]).min() >= 0
    readings = [entry.reading.logit for entry in arrange(entries, "critic") if entry.reading]
    assert len(readings) == 12 and readings == sorted(readings, reverse=True)
    for wrong in ("beauty", "likeness"):
        with pytest.raises(StudioError):
            arrange(entries, wrong)


def test_near_duplicates_are_hidden_behind_the_first_of_them():
    first = seen(disc(0.5, (0.8, 0.1, 0.1)), 1)
    nearly = seen(disc(0.505, (0.8, 0.1, 0.1)), 2)
    other = seen(disc(0.5, (0.1, 0.1, 0.8)), 3)
    assert distance(first, first) == 0 and distance(first, nearly) == distance(nearly, first)
    assert without_duplicates([first, nearly, other]) == ([first, other], [nearly])
    assert without_duplicates([first, nearly, other], alike=0.0) == ([first, nearly, other], [])
    assert without_duplicates([]) == ([], [])


def test_an_entry_is_the_picture_of_its_recipe_painted_alone(studio: Studio):
    recipe = Recipe(seed=40, psi=0.5)
    *_, last = paint(studio, seeds_from(recipe, 3), 32)
    alone = studio.render(replace(recipe, seed=42))
    assert last.recipe == alone.recipe
    np.testing.assert_array_equal(last.look.thumbnail, (alone.picture * 255 + 0.5).astype(np.uint8))
    assert last.reading == alone.critic


def test_a_sheet_is_stopped_between_two_pictures_and_tells_how_far_it_is(studio: Studio):
    told: list[float] = []

    def progress(share: float) -> None:
        told.append(share)
        if share >= 0.5:
            raise StoppedError("closed")

    with pytest.raises(StoppedError):
        list(paint(studio, seeds_from(Recipe(), 8), 32, critic=False, progress=progress))
    assert told == [0.125, 0.25, 0.375, 0.5]


def test_seeds_go_round_the_end_and_what_is_too_much_is_refused(studio: Studio):
    assert [recipe.seed for recipe in seeds_from(Recipe(seed=MAX_SEED), 3)] == [MAX_SEED, 0, 1]
    for wrong in (0, MOST + 1):
        with pytest.raises(StudioError, match="1 to 1000"):
            seeds_from(Recipe(), wrong)
    for count, side in [(1000, 256), (2, 4)]:
        with pytest.raises(StudioError, match="thumbnails"):
            next(paint(studio, seeds_from(Recipe(), count), side))


def test_a_picture_made_from_styles_has_other_seeds_too(studio: Studio):
    made = with_styles(studio.normalise(Recipe(seed=3)), styles_of(studio, studio.normalise(Recipe(seed=4))))
    found = [entry.recipe for entry in paint(studio, seeds_from(made, 3), 32, critic=False)]
    assert found == [studio.normalise(Recipe(seed=seed)) for seed in (3, 4, 5)]
