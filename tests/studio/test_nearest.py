""" "Have I seen this before?": the look-up through the studio, with and without the data."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from generator.companions import open_autoencoder
from generator.companions.autoencoder import FILE as AUTOENCODER_FILE
from generator.latents import draw_z
from generator.measuring import REMEMBERED_FILE, Remembered
from generator.measuring.index import Index
from studio import Recipe, RecipeError, Studio, StudioError, nearest, training_pictures
from studio.nearest import MAX_NEAREST, nearness_words

from .conftest import CLASSES

HOUSE = Path(__file__).resolve().parent.parent.parent / "checkpoints"
RECORDS = tuple(f"fruit/{i:03d}.png" for i in range(12))


class Coarse:
    """A feature network without a network: the mean colours of 4×4 places."""

    name = "coarse"
    dimensions = 48
    resize = "means of 4 × 4 places"

    def __call__(self, pictures: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(pictures.expand(-1, 3, -1, -1), 4).flatten(1)


@pytest.fixture
def indexed(studio: Studio, checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[np.ndarray]]:
    """ "tiny" with an index of its own first twelve seeds; gives their pictures."""
    pictures = [studio.render(Recipe(seed=i)).raw for i in range(12)]
    x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) * 2 - 1
    features = Coarse()(x)
    Index.build("coarse", RECORDS, features, features + 0.05, "https://example.org/{number}").save(checkpoints / "tiny")
    monkeypatch.setattr(nearest, "feature_network", lambda name, folder: Coarse())
    monkeypatch.setattr(studio._memory, "lookup", nearest.Lookup())
    monkeypatch.delenv(training_pictures.VARIABLE, raising=False)
    monkeypatch.setattr(training_pictures, "BESIDE", ())
    monkeypatch.setattr(training_pictures, "PACKAGED", ())
    yield pictures
    (checkpoints / "tiny" / "index.safetensors").unlink()


@pytest.mark.usefixtures("indexed")
def test_a_picture_of_the_index_is_found_first_and_steps_do_not_matter(studio: Studio):
    for recipe in (Recipe(seed=7), Recipe.from_json({"seed": 7, "steps": [{"name": "gamma"}]})):
        found = studio.nearest(recipe, 3)
        assert found[0].record == "fruit/007.png" and len(found) == 3
        assert found[0].number == 7 and found[0].source == "https://example.org/7"
        assert found[0].distance < 0.1 < found[1].distance <= found[2].distance
        assert found[0].closer_than > found[1].closer_than


@pytest.mark.usefixtures("indexed")
def test_without_the_data_there_are_numbers_and_links_only(studio: Studio):
    found = studio.nearest(Recipe(seed=2), 12)
    assert all(match.picture is None for match in found)
    report = found[0].report()
    assert report == {
        "record": "fruit/002.png",
        "number": 2,
        "distance": pytest.approx(0, abs=0.1),
        "closer_than": pytest.approx(1, abs=0.2),
        "has_picture": False,
        "is_remembered": False,
        "source": "https://example.org/2",
    }


@pytest.fixture
def forgetful(checkpoints: Path) -> Iterator[Path]:
    """The folder of "tiny", in which nothing is remembered afterwards."""
    yield checkpoints / "tiny"
    (checkpoints / "tiny" / REMEMBERED_FILE).unlink(missing_ok=True)


@pytest.mark.usefixtures("indexed")
def test_without_the_data_those_that_the_model_remembers_are_shown(studio: Studio, forgetful: Path):
    with studio.working("tiny") as model:
        z = torch.stack([draw_z(seed, model.z_dim) for seed in range(6)])
        labels = torch.arange(6) % len(CLASSES)
        Remembered.of_latents("tiny", model.version, RECORDS[:6], labels, z).save(forgetful)
    for match in studio.nearest(Recipe(seed=5), 12):
        assert match.number is not None and match.is_remembered == (match.number < 6) == (match.picture is not None)
        assert not match.report()["has_picture"] and match.report()["is_remembered"] == match.is_remembered
        if match.picture is not None:
            again = studio.render(Recipe(seed=match.number, psi=1, label=CLASSES[match.number % len(CLASSES)])).raw
            assert np.abs(match.picture - again).mean() < 0.02  # its numbers are rounded to 8 bits


@pytest.mark.usefixtures("indexed")
def test_what_an_autoencoder_beside_the_model_remembers_is_shown(studio: Studio, forgetful: Path):
    autoencoder = open_autoencoder(HOUSE / "wardrobe")
    codes = torch.randint(0, autoencoder.network.config.codes, (2, autoencoder.side, autoencoder.side))
    with studio.working("tiny") as model:
        Remembered.of_codes("tiny", model.version, RECORDS[:2], torch.zeros(2), codes).save(forgetful)
    shutil.copy(HOUSE / "wardrobe" / AUTOENCODER_FILE, forgetful)
    found = {match.number: match for match in studio.nearest(Recipe(), 12)}
    (forgetful / AUTOENCODER_FILE).unlink()
    for number, picture in enumerate(autoencoder.decode(codes)):
        remembered = found[number].picture
        assert remembered is not None
        np.testing.assert_allclose(remembered, (picture.clamp(-1, 1) / 2 + 0.5).expand(3, -1, -1).permute(1, 2, 0))


@pytest.mark.usefixtures("indexed")
def test_what_another_version_remembers_is_not_shown(studio: Studio, forgetful: Path):
    z = torch.zeros(12, 8)
    Remembered.of_latents("tiny", "of long ago", RECORDS, torch.zeros(12), z).save(forgetful)
    assert all(match.picture is None for match in studio.nearest(Recipe(), 12))


@pytest.mark.usefixtures("indexed")
def test_broken_codes_are_said(studio: Studio, forgetful: Path):
    (forgetful / REMEMBERED_FILE).write_bytes(b"not codes")
    with pytest.raises(StudioError, match=r"^The training pictures that tiny remembers cannot be shown: .*\.$"):
        studio.nearest(Recipe(), 12)


def test_with_the_data_there_are_the_pictures(
    studio: Studio,
    indexed: list[np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        for record, picture in zip(RECORDS[:6], indexed, strict=False):
            buffer = io.BytesIO()
            Image.fromarray((picture * 255).round().astype(np.uint8)).save(buffer, "PNG")
            archive.writestr(record, buffer.getvalue())
    monkeypatch.setenv(training_pictures.VARIABLE, str(tmp_path / "data.zip"))
    for match in studio.nearest(Recipe(seed=5), 12):
        assert match.number is not None and (match.picture is not None) == (match.number < 6)
        if match.picture is not None:
            np.testing.assert_allclose(match.picture, indexed[match.number], atol=0.003)
            assert match.report()["has_picture"]


@pytest.mark.usefixtures("indexed")
@pytest.mark.parametrize("k", [0, -3, MAX_NEAREST + 1, True, 2.5, "3"])
def test_a_senseless_number_is_refused(studio: Studio, k: int):
    with pytest.raises(StudioError, match=f"From 1 to {MAX_NEAREST} nearest training pictures can be shown"):
        studio.nearest(Recipe(), k)


@pytest.mark.usefixtures("indexed")
def test_a_recipe_that_does_not_fit_is_refused_as_ever(studio: Studio):
    with pytest.raises(RecipeError, match="has no class"):
        studio.nearest(Recipe(label=CLASSES[0] + "s"))


def test_a_model_without_an_index_or_with_a_broken_one_says_so(studio: Studio, checkpoints: Path):
    with pytest.raises(StudioError, match=r"of plain cannot be searched: There is no file index.*\.$"):
        studio.nearest(Recipe(model="plain"))
    path = checkpoints / "plain" / "index.safetensors"
    path.write_bytes(b"no index")
    with pytest.raises(StudioError, match="not a whole safetensors file"):
        studio.nearest(Recipe(model="plain"))
    path.unlink()


def test_the_words_are_true_of_every_share():
    """Never "about as close" of what is farther than nearly all, and every number is the share that is named."""
    said = {share: nearness_words(share / 1000) for share in range(1001)}
    for share, words in said.items():
        percent = re.search(r"(\d+) % of (held-back real ones|those) are (farther|closer)", words)
        if percent:
            assert abs(int(percent[1]) - (share if percent[3] == "farther" else 1000 - share) / 10) <= 0.5
        assert ("About as close" in words) == (100 <= share <= 900) and words.count("Farther than") == 0
    assert "Suspiciously" in said[995] and "Closer" in said[950] and "Farther" in said[50] and "No copy" in said[5]


@pytest.mark.usefixtures("indexed")
def test_a_picture_is_taken_for_what_those_near_to_it_are(
    studio: Studio, checkpoints: Path, indexed: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
):
    assert studio.taken_for("tiny", indexed[0]) is None  # the records' classes are not known
    path = checkpoints / "tiny" / REMEMBERED_FILE
    monkeypatch.setattr(nearest, "VOTES", 3)
    around = {match.record for match in studio.nearest(Recipe(seed=3), 3)}
    for far, near in ((0, 1), (1, 0)):
        labels = torch.tensor([near if record in around else far for record in RECORDS])
        Remembered.of_latents("tiny", "1.0", RECORDS, labels, torch.randn(len(RECORDS), 4)).save(checkpoints / "tiny")
        monkeypatch.setattr(studio._memory, "lookup", nearest.Lookup())
        assert studio.taken_for("tiny", indexed[3]) == studio.taken_for("", indexed[3]) == CLASSES[near]
    Remembered.of_latents("tiny", "1.0", RECORDS, 99 + labels, torch.randn(len(RECORDS), 4)).save(checkpoints / "tiny")
    monkeypatch.setattr(studio._memory, "lookup", nearest.Lookup())
    assert studio.taken_for("tiny", indexed[3]) is None  # a class that the model has not
    path.write_bytes(b"no codes")
    monkeypatch.setattr(studio._memory, "lookup", nearest.Lookup())
    assert studio.taken_for("tiny", indexed[3]) is None
    path.unlink()
    assert studio.taken_for("plain", indexed[3]) is None  # without classes
    with pytest.raises(StudioError):
        studio.taken_for("nobody", indexed[3])


def test_the_house_models_fruit_is_taken_for_what_it_is():
    studio = Studio(HOUSE, default="orchard")
    labels = ("apple", "peach", "pear", "strawberry", "avocado", "orange")
    taken = [studio.taken_for("", studio.render(Recipe(seed=1, label=label), critic="none").raw) for label in labels]
    assert sum(one == other for one, other in zip(taken, labels, strict=True)) >= 5
