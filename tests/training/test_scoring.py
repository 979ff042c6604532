"""Samples, scores beside their floor, the linear probe, memorisation, calibration: on made-up features and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from generator import Averages, Critic, Generator, Model, Provenance, draw_z
from generator.families.stylegan2 import StyleGAN2
from training.data import Pictures
from training.errors import TrainingError
from training.memorisation import Nearest, closest, memorisation, nearest, write_pairs
from training.metrics import calibration_error, reliability
from training.probe import fit_probe
from training.samples import Sample, as_float, class_counts, draw, generate
from training.scoring import Reference, neighbourhoods, principal_axes, score

from .build import CLASSES, SETTINGS, Coarse


def tiny(classes: tuple[str, ...] = CLASSES, critic: bool = True) -> Model:
    """An untrained model of the shapes' size."""
    torch.manual_seed(0)
    generator = Generator(SETTINGS.generator)
    width = SETTINGS.generator.w_dim
    return Model(
        "shapes",
        "1.0",
        StyleGAN2(generator, Critic(SETTINGS.critic) if critic else None),
        classes,
        Averages(torch.zeros(width), torch.zeros(len(classes), width)),
        (),
        None,
        Provenance("Shapes", "CC0", "Nobody", "discs and squares"),
    )


# ---- samples --------------------------------------------------------------------------------------


def test_generated_pictures_are_those_of_consecutive_seeds_in_eight_bits():
    model = tiny()
    pictures = generate(model, torch.tensor([1, 0, 1]), psi=0.5, first_seed=7)
    assert pictures.dtype == torch.uint8 and pictures.shape == (3, 3, 32, 32)
    x = model.synthesize(model.map(draw_z(8, model.z_dim)[None], [0], 0.5))[0].clamp(-1, 1)
    assert float((as_float(pictures)[1] - x).abs().max()) <= 0.5 / 127.5 + 1e-6


def test_class_counts_keep_the_shares_and_repeat_no_picture():
    plenty = torch.tensor([1000, 1000, 1000])
    assert class_counts(100, torch.tensor([5, 3, 2]), plenty).tolist() == [50, 30, 20]
    assert class_counts(10, torch.tensor([1, 1, 1]), plenty).tolist() == [4, 3, 3]
    assert class_counts(100, torch.tensor([1, 0, 1]), plenty).tolist() == [50, 0, 50]
    # Of the third class there are 4: with its share of 20 % there can be 20 in all.
    assert class_counts(100, torch.tensor([5, 3, 2]), torch.tensor([1000, 1000, 4])).tolist() == [10, 6, 4]
    for count in range(1, 40):
        counts = class_counts(count, torch.tensor([7, 2, 1]), torch.tensor([20, 9, 5]))
        assert counts.sum() == min(count, 28) and (counts <= torch.tensor([20, 9, 5])).all()


def test_pictures_are_drawn_once_and_by_class():
    labels = torch.arange(90) % 3
    index = draw(labels, torch.tensor([5, 0, 30]), seed=1)
    assert len(set(index.tolist())) == len(index) == 35
    assert torch.bincount(labels[index], minlength=3).tolist() == [5, 0, 30]
    assert labels[index[:12]].unique().tolist() == [0, 2]  # in random order, not class by class
    assert torch.equal(index, draw(labels, torch.tensor([5, 0, 30]), seed=1))


# ---- scores ---------------------------------------------------------------------------------------


def test_axes_are_orthonormal_and_the_widest_first():
    x = torch.randn(200, 6, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 5, 2, 9, 3, 4])
    axes = principal_axes(x, 3)
    torch.testing.assert_close(axes.T @ axes, torch.eye(3, dtype=torch.float64))
    assert axes.abs().argmax(dim=0).tolist() == [3, 1, 5]
    assert principal_axes(x, 64).shape == (6, 6)


def test_neighbourhoods_do_not_depend_on_how_many_more_there_are():
    rng = torch.Generator().manual_seed(0)
    real, fake = torch.randn(100, 4, generator=rng), torch.randn(1000, 4, generator=rng)
    few, many = neighbourhoods(real, fake[:100]), neighbourhoods(real, fake)
    for name, value in few.items():
        assert many[name] == pytest.approx(value, abs=0.12), name
    assert many["coverage"] == pytest.approx(1 - 2**-5, abs=0.03)


@pytest.fixture(scope="module")
def reference(split: tuple[Pictures, Pictures]) -> Reference:
    """The shapes, seen coarsely."""
    return Reference.measure(*split, Coarse(), count=100)


def test_a_reference_has_no_picture_twice_and_one_mix_of_classes(
    reference: Reference,
    split: tuple[Pictures, Pictures],
):
    assert len(reference.floor_index.unique()) == len(reference.training) == 100
    assert len(reference.held_out) == len(split[1])
    shares = [torch.bincount(s.labels).double() / len(s) for s in (reference.held_out, reference.training)]
    torch.testing.assert_close(shares[0], shares[1], rtol=0, atol=0.01)
    assert torch.equal(reference.training.pictures, split[0].batch(reference.floor_index))


@dataclass(frozen=True, eq=False)
class Copyist:
    """Stands in for a model in `training.samples.generate`: hands pictures out one by one."""

    pictures: Tensor
    classes: tuple[str, ...] = CLASSES
    name: str = "copyist"
    z_dim: int = 4
    has_critic: bool = False

    def map(self, z: Tensor, label: object, psi: float) -> Tensor:
        return z

    def synthesize(self, z: Tensor) -> Tensor:
        place = next(i for i in range(len(self.pictures)) if torch.equal(draw_z(i, self.z_dim), z[0]))
        return as_float(self.pictures[place : place + 1])


def test_copies_of_the_training_pictures_reach_the_floor_and_an_untrained_model_does_not(reference: Reference):
    copies = score(Copyist(reference.training.pictures), reference)  # type: ignore[arg-type]
    assert copies["frechet_ratio"] == pytest.approx(1) and copies["frechet_pca64_ratio"] == pytest.approx(1)
    for name in ("kid", "precision", "recall", "density", "coverage"):
        assert copies[name] == pytest.approx(copies[f"{name}_floor"])
    untrained = score(tiny(), reference)
    assert untrained["frechet_ratio"] > 20
    assert untrained["precision"] < 0.2 and untrained["coverage"] < 0.2
    assert set(untrained) - set(copies) == {"critic_auc", "critic_accuracy", "critic_calibration_error"}
    assert all(isinstance(value, float) for value in untrained.values())


def test_a_model_of_other_classes_and_too_few_pictures_are_refused(
    reference: Reference,
    split: tuple[Pictures, Pictures],
):
    with pytest.raises(TrainingError, match=r"has the classes cat, dog, but the data has disc, square\.$"):
        score(tiny(("cat", "dog")), reference)
    with pytest.raises(TrainingError, match=r"needs 8 held-out and 8 training pictures .* not 4 and 4\.$"):
        Reference.measure(*split, Coarse(), count=4)


# ---- the critic's word ----------------------------------------------------------------------------


def test_a_critic_that_says_what_is_so_is_calibrated():
    p = torch.rand(40_000, generator=torch.Generator().manual_seed(0))
    real = torch.rand(40_000, generator=torch.Generator().manual_seed(1)) < p
    logits = torch.logit(p)
    assert calibration_error(logits[real], logits[~real]) < 0.02
    assert calibration_error(logits[real] + 2, logits[~real] + 2) > 0.15
    assert calibration_error(logits[~real], logits[real]) > 0.3


def test_reliability_by_hand():
    # Both sets weigh a half: 1 of 2 real pictures and 1 of 4 fakes are at p = 0.75, the others at 0.25.
    high, low = torch.logit(torch.tensor([0.75, 0.25]))
    rows = reliability(torch.stack([high, low]), torch.stack([high, low, low, low]))
    assert [tuple(round(v, 6) for v in row) for row in rows] == [(0.25, 0.4, 0.625), (0.75, 0.666667, 0.375)]


def test_certain_logits_stay_in_the_last_bin():
    rows = reliability(torch.tensor([1000.0, 1000.0]), torch.tensor([-1000.0]))
    assert rows == [(0.0, 0.0, 0.5), (1.0, 1.0, 0.5)]


# ---- the probe ------------------------------------------------------------------------------------


def test_the_probe_learns_what_is_linear_and_only_that():
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(600, 10, generator=rng) * torch.logspace(-2, 2, 10)  # features of very different size
    labels = ((x / torch.logspace(-2, 2, 10)) @ torch.randn(10, 3, generator=rng)).argmax(dim=1)
    probe = fit_probe(x[:400], labels[:400], 3)
    assert float((probe.classify(x[400:]) == labels[400:]).double().mean()) > 0.9
    nonsense = labels[torch.randperm(600, generator=rng)]
    guess = fit_probe(x[:400], nonsense[:400], 3)
    assert float((guess.classify(x[400:]) == nonsense[400:]).double().mean()) < 0.55


# ---- memorisation ---------------------------------------------------------------------------------


def test_nearest_finds_the_training_picture_and_closest_orders_them():
    training = torch.randn(700, 5, generator=torch.Generator().manual_seed(0))
    found = nearest(training[[650, 3, 40]] + torch.tensor([[0.02], [0.0], [0.01]]), training)
    assert found.place.tolist() == [650, 3, 40]
    assert closest(found).tolist() == [1, 2, 0] and closest(found, 2).tolist() == [1, 2]


def test_copies_show_and_originals_do_not():
    rng = torch.Generator().manual_seed(0)
    training, held_out, fresh = (torch.randn(n, 6, generator=rng) for n in (500, 200, 200))
    real = nearest(held_out, training)
    honest = memorisation(nearest(fresh, training), real)
    assert honest["closer_than_real"] == pytest.approx(0.5, abs=0.08) and honest["suspicious"] < 0.05
    copied = memorisation(nearest(training[:200] + 0.01, training), real)
    assert copied["closer_than_real"] > 0.99 and copied["suspicious"] > 0.9
    half = memorisation(nearest(torch.cat([training[:100] + 0.01, fresh[:100]]), training), real)
    assert half["suspicious"] == pytest.approx(0.5, abs=0.05)
    assert half["nearest_generated_minimum"] < real.distance.min() == half["nearest_real_minimum"]


def test_figures_of_memorisation_by_hand():
    made = Nearest(torch.zeros(2).long(), torch.tensor([1.0, 5.0]).double())
    real = Nearest(torch.zeros(4).long(), torch.tensor([2.0, 3.0, 4.0, 6.0]).double())
    facts = memorisation(made, real)
    assert facts["closer_than_real"] == pytest.approx((4 + 1) / 8) and facts["suspicious"] == 0.5


def test_pairs_are_drawn_one_above_the_other(tmp_path: Path):
    black, white = torch.zeros(3, 3, 32, 32, dtype=torch.uint8), torch.full((3, 3, 32, 32), 255, dtype=torch.uint8)
    write_pairs(black, white, tmp_path / "pairs.png")
    image = Image.open(tmp_path / "pairs.png").convert("L")
    assert image.size == (3 * 128, 2 * 128)
    assert image.getpixel((300, 30)) == 0 and image.getpixel((300, 220)) == 255


def test_rows_of_a_sample_are_rows_of_everything():
    sample = Sample(torch.arange(12).reshape(3, 1, 2, 2).byte(), torch.tensor([2, 1, 0]), torch.eye(3))
    part = sample.rows(torch.tensor([2, 0]))
    assert (part.labels.tolist(), part.features.tolist(), len(part)) == ([0, 2], [[0, 0, 1], [1, 0, 0]], 2)
    assert part.pictures[:, 0, 0, 0].tolist() == [8, 0]
