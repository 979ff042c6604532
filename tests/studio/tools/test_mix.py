from __future__ import annotations

import json

import numpy as np
import pytest

from studio import Mix, Recipe, Studio, StudioError
from studio.tools.latents import styles_of
from studio.tools.mix import GROUPS, MOST_BORN, Lineage, breed, groups_of, matrix


def groups(studio: Studio) -> dict[str, range]:
    return groups_of(next(each for each in studio.models() if each["name"] == "tiny")["layers"])


@pytest.mark.parametrize("largest", [4, 8, 16, 32, 64, 128, 1024])
def test_groups_divide_the_layers_from_coarse_to_fine(largest: int):
    sizes, size = [4], 8
    while size <= largest:
        sizes += [size, size]
        size *= 2
    found = groups_of([{"resolution": each} for each in [*sizes, largest]])
    assert [index for name in GROUPS for index in found[name]] == list(range(len(sizes) + 1))
    if largest >= 32:
        assert all(len(found[name]) for name in GROUPS)


@pytest.mark.parametrize("group", GROUPS)
def test_a_cell_has_its_group_of_layers_from_its_column(studio: Studio, group: str):
    rows, columns = [Recipe(seed=1), Recipe(seed=2, label="peach")], [Recipe(seed=8), Recipe(seed=9), Recipe(seed=1)]
    table = matrix(studio, rows, columns, group)
    assert [len(line) for line in table] == [3, 3]
    layers = groups(studio)[group]
    for recipe, line in zip(rows, table, strict=True):
        for other, cell in zip(columns, line, strict=True):
            got = styles_of(studio, cell)
            inside = np.isin(np.arange(len(got)), layers)
            np.testing.assert_array_equal(got[inside], styles_of(studio, other)[inside])
            np.testing.assert_array_equal(got[~inside], styles_of(studio, recipe)[~inside])
    np.testing.assert_array_equal(studio.render(table[0][2]).raw, studio.render(rows[0]).raw)  # with itself


def test_the_fine_group_is_what_mixing_does(studio: Studio):
    cell = matrix(studio, [Recipe(seed=1)], [Recipe(seed=8)], "fine")[0][0]
    mixed = Recipe(seed=1, mix=Mix(seed=8, first=groups(studio)["fine"].start))
    np.testing.assert_array_equal(studio.render(cell).raw, studio.render(mixed).raw)


@pytest.mark.parametrize("how", ["layers", "blend"])
def test_children_come_from_their_parents_and_are_the_same_each_time(studio: Studio, how: str):
    parents = [Recipe(seed=1), Recipe(seed=2), Recipe(seed=3)]
    children = breed(studio, parents, 6, 0.0, 5, how)
    assert children == breed(studio, parents, 6, 0.0, 5, how) != breed(studio, parents, 6, 0.0, 6, how)
    theirs = np.stack([styles_of(studio, parent) for parent in parents])
    for child in children:
        styles = styles_of(studio, child)
        if how == "layers":
            for layers in groups(studio).values():
                part = slice(layers.start, layers.stop)
                assert any(np.array_equal(styles[part], each[part]) for each in theirs)
        else:
            weights, *_ = np.linalg.lstsq(theirs.reshape(3, -1).T, styles.ravel(), rcond=None)
            np.testing.assert_allclose(weights.sum(), 1, atol=1e-4)
            np.testing.assert_allclose(weights @ theirs.reshape(3, -1), styles.ravel(), atol=1e-4)


def test_mutation_leads_from_the_parent_to_strangers(studio: Studio):
    parent = Recipe(seed=1)
    own = styles_of(studio, parent)
    far = [
        np.mean([np.linalg.norm(styles_of(studio, child) - own) for child in breed(studio, [parent], 6, share)])
        for share in (0.0, 0.2, 0.6, 1.0)
    ]
    assert far[0] == 0 and far[0] < far[1] < far[2] < far[3]
    assert far[1] == pytest.approx(0.2 * far[3], rel=1e-3)


def test_a_lineage_is_walked_back_and_travels_as_json(studio: Studio):
    lineage = Lineage()
    first, second = lineage.found(Recipe(seed=1)), lineage.found(Recipe(seed=2))
    child = lineage.add([first.number, second.number], breed(studio, [first.recipe, second.recipe], 2))[0]
    grandchild = lineage.add([child.number, first.number], breed(studio, [child.recipe], 1))[0]
    assert [each.generation for each in lineage.born] == [0, 0, 1, 1, 2]
    assert [each.number for each in lineage.ancestors(grandchild.number)] == [grandchild.number, child.number, 0, 1]
    again = Lineage.from_json(json.loads(json.dumps(lineage.to_json())))
    assert again == lineage


@pytest.mark.parametrize(
    "obj",
    [
        {},
        [1],
        [{"recipe": {}}],
        [{"recipe": {}, "parents": [0]}],
        [{"recipe": {"seed": -1}, "parents": []}],
        [{}] * (MOST_BORN + 1),
    ],
)
def test_what_is_no_lineage_is_refused(obj: object):
    with pytest.raises(StudioError):
        Lineage.from_json(obj)


def test_what_cannot_be_mixed_is_refused(studio: Studio):
    one, other = [Recipe()], [Recipe(model="plain")]
    for wrong in (
        lambda: matrix(studio, one, other),
        lambda: matrix(studio, one, one, "upper"),
        lambda: matrix(studio, [], one),
        lambda: matrix(studio, one * 21, one * 20),
        lambda: breed(studio, [*one, *other]),
        lambda: breed(studio, []),
        lambda: breed(studio, one, 99),
        lambda: breed(studio, one, 2, 1.5),
        lambda: breed(studio, one, 2, 0.5, 0, "kiss"),
        lambda: Lineage().get(0),
    ):
        with pytest.raises(StudioError):
            wrong()
