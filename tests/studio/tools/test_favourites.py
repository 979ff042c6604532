from __future__ import annotations

import io
import json
import zipfile

import pytest

from studio import Recipe, Studio, StudioError, to_png
from studio.tools.favourites import MOST, Favourite, from_text, from_zip, to_text

KEPT = [
    Favourite(Recipe(seed=1), "one"),
    Favourite(Recipe(seed=2, moves=(("pc1", 1.5),)), ""),
    Favourite(Recipe(), "ø"),
]


def test_a_file_gives_back_what_was_kept_in_its_order():
    assert from_text(to_text(KEPT)) == (KEPT, [])


@pytest.mark.parametrize(
    "broken",
    [
        {"recipe": {"seed": -1}},
        {"recipe": {"wings": 2}},
        {"name": "no recipe"},
        7,
        {"recipe": {}, "name": 3},
        {"recipe": []},
    ],
)
def test_a_broken_entry_costs_itself_alone_and_says_so(broken: object):
    content = json.loads(to_text(KEPT))
    content["favourites"].insert(1, broken)
    favourites, left_out = from_text(json.dumps(content))
    assert favourites == KEPT
    assert len(left_out) == 1 and left_out[0].startswith("Entry 2 was left out: ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "JSON"),
        ("[]", "no favourites"),
        ('{"format": "other", "favourites": []}', "no favourites"),
        ('{"format": "latent-atelier favourites", "version": 9, "favourites": []}', "version"),
        ("[" * 100_000, "JSON"),
    ],
)
def test_what_is_no_file_of_favourites_is_refused(text: str, words: str):
    with pytest.raises(StudioError, match=words):
        from_text(text)


def test_too_many_are_cut_with_a_sentence_and_names_are_one_short_line():
    content = json.loads(to_text([Favourite(Recipe(), "a\nb\x00" + "c" * 200)]))
    content["favourites"] *= MOST + 5
    favourites, left_out = from_text(json.dumps(content))
    assert len(favourites) == MOST and "the most" in left_out[0]
    assert favourites[0].name.startswith("a b") and len(favourites[0].name) <= 80
    with pytest.raises(StudioError, match="at most"):
        to_text([Favourite(Recipe())] * (MOST + 1))


def test_a_zip_of_saved_pictures_is_read(studio: Studio):
    rendering = studio.render(Recipe(seed=5), critic="none")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("folder/first one.png", to_png(rendering))
        archive.writestr("broken.png", b"\x89PNG")
        archive.writestr("notes.txt", "no picture")
    favourites, left_out = from_zip(out.getvalue())
    assert favourites == [Favourite(rendering.recipe, "first one")]
    assert len(left_out) == 1 and left_out[0].startswith("broken.png")
    for wrong in (b"PK", b"", out.getvalue()[:100]):
        with pytest.raises(StudioError):
            from_zip(wrong)
