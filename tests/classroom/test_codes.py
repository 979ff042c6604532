"""Codes of wardrobe's pictures, and the network that writes them: what is given stays, chances are the network's."""

from __future__ import annotations

import pytest
import torch

from classroom.codes import STEPS, Codes, find_codes
from classroom.errors import ClassroomError
from tests.generator.test_house import FOLDER


@pytest.fixture(scope="module")
def codes() -> Codes:
    return find_codes({"wardrobe": FOLDER / "wardrobe", "orchard": FOLDER / "orchard"})["wardrobe"]


def test_only_models_with_both_networks_have_a_lesson():
    assert list(find_codes({"wardrobe": FOLDER / "wardrobe", "orchard": FOLDER / "orchard"})) == ["wardrobe"]


def test_a_picture_survives_the_bottleneck_and_less_so_a_narrower_one(codes: Codes):
    picture = codes.picture(0, 0)
    table = codes.encode(picture)
    assert codes.narrow(table, codes.autoencoder.codes) == table
    kept = [codes.lost(picture, codes.decode(codes.narrow(table, n))) for n in (codes.autoencoder.codes, 8, 1)]
    assert kept[0] > 18 and kept[0] > kept[1] > kept[2]
    assert len({code for row in codes.narrow(table, 8) for code in row}) <= 8
    assert codes.lost(picture, picture) == 99


def test_a_walk_begins_and_ends_at_its_ends(codes: Codes):
    first, last = (codes.encode(codes.picture(seed, seed)) for seed in (0, 1))
    way = codes.walk(first, last)
    assert len(way) == STEPS
    assert torch.allclose(way[:1], codes.decode(first), atol=1e-5)
    assert torch.allclose(way[-1:], codes.decode(last), atol=1e-5)


def test_a_drawing_is_a_picture(codes: Codes):
    side = codes.model.resolution
    rows = [[255 if 8 < x < 24 else 0 for x in range(side)] for _ in range(side)]
    picture = codes.drawn(rows)
    assert float(picture.max()) == 1 and float(picture.min()) == -1
    codes.encode(picture)
    for nothing in ([[0] * side] * side, [], None, [[300] * side] * side, [["a"] * side] * side):
        with pytest.raises(ClassroomError):
            codes.drawn(nothing)


def test_completion_keeps_the_given_half_exactly(codes: Codes):
    table = codes.encode(codes.picture(2, 3))
    half = [code for row in table[: len(table) // 2] for code in row]
    whole = codes.write(half, 3, 1.0, seed=5)
    assert whole[: len(half)] == half and len(whole) == codes.autoencoder.side**2
    assert codes.write(half, 3, 1.0, seed=5) == whole != codes.write(half, 3, 1.0, seed=6)
    assert codes.write(half, 3, 1.0, 5, count=2) == whole[: len(half) + 2]


def test_chances_are_those_of_the_network(codes: Codes):
    table = codes.encode(codes.picture(1, 1))
    so_far = [code for row in table for code in row][:11]
    chances = codes.chances(so_far, 1, 1.0)
    assert chances == sorted(chances, key=lambda pair: -pair[1]) and sum(share for _, share in chances) <= 1.001
    network = codes.recurrent.network
    whole = torch.tensor([so_far + [0] * (network.config.length - len(so_far))])
    with torch.no_grad():
        expected = network(whole, torch.tensor([1]))[0, len(so_far)].softmax(dim=0)
    for code, share in chances:
        assert share == pytest.approx(float(expected[code]), abs=2e-3)
    assert codes.chances(so_far, 1, 0) == [(chances[0][0], 1.0)]
    assert codes.chances(so_far, 1, 0.2)[0][1] > chances[0][1]


@pytest.mark.parametrize(
    ("so_far", "label", "temperature", "seed"),
    [
        ([-1], 0, 1, 0),
        ([0] * 999, 0, 1, 0),
        ("0", 0, 1, 0),
        ([], 99, 1, 0),
        ([], 0, -1, 0),
        ([], 0, float("nan"), 0),
        ([], 0, 1, -1),
    ],
)
def test_what_cannot_be_written_is_refused(
    codes: Codes, so_far: object, label: object, temperature: object, seed: object
):
    with pytest.raises(ClassroomError):
        codes.write(so_far, label, temperature, seed)


@pytest.mark.parametrize("table", [None, [], [[0]], [[-1] * 8] * 8, [[0.5] * 8] * 8])
def test_what_is_no_table_is_refused(codes: Codes, table: object):
    with pytest.raises(ClassroomError):
        codes.decode(table)
    with pytest.raises(ClassroomError):
        codes.narrow(table, 4)
