"""How good a generator is against held-out pictures, beside what real pictures reach: the floor.

Three sets are compared, none with a picture twice:

- the reference: held-out pictures, at most COUNT;
- the floor: COUNT training pictures, drawn without replacement, with the reference's share of each class;
- the figure: as many generated pictures, seed i with the class of the floor's picture i.

So figure and floor have the same count, class mix and reference, and differ only in being generated or real. A floor
drawn with replacement would count some pictures twice, lack others and look worse than it is: the ratio would flatter.
A generator that merely repeated its training pictures would reach the floor, not go below it. Classes keep the data's
own shares (no weights); the rare ones are looked at one by one in `evaluate`.

The Fréchet distance is the usual one, on all features of the network's last pooling. It grows with 1/pictures, the more
the more features there are: with 618 held-out pictures and 1,280 features nearly all of the floor is that bias, and the
ratio looks better than the pictures are. It is therefore also measured on the first 64 principal components of the
floor's features (`frechet_pca64`), where the bias is small; and the kernel distance has none.

Precision, recall, density and coverage depend on the sizes of both sets, so they are measured with equal ones: the
generated pictures in groups as large as the reference, averaged.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from generator import Model
from generator.measuring import FeatureNetwork

from .data import SMALLEST, Data
from .distances import Moments, density_coverage, frechet_distance, kernel_distance, precision_recall
from .errors import TrainingError
from .metrics import balanced_accuracy, calibration_error, roc_auc
from .samples import Sample, as_float, class_counts, draw, generated, real

COUNT = 2000
COMPONENTS = 64
SEED = 0  # of the draws; generated pictures have the seeds 0, 1, 2, …
JUDGED = 1000  # generated pictures that the critic judges, even where there are fewer held-out ones


@dataclass(frozen=True, eq=False)
class Reference:
    """Real pictures that generators of one data set are compared with; made once, used for each snapshot.

    `floor_index`: the floor's pictures in the training split. `axes` F×64: principal axes of the floor's features.
    `floor`: the figures of `compare` for the floor.
    """

    network: FeatureNetwork
    classes: tuple[str, ...]
    held_out: Sample
    training: Sample
    floor_index: Tensor
    axes: Tensor
    floor: dict[str, float]

    @classmethod
    def measure(cls, train: Data, rest: Data, network: FeatureNetwork, count: int = COUNT) -> Reference:
        """The reference of a data set's two splits, with `count` pictures or as many as there are."""
        number = max(len(train.classes), 1)
        held_index = torch.randperm(len(rest), generator=torch.Generator().manual_seed(SEED))[:count]
        held_out = real(rest, network, held_index)
        shares = torch.bincount(held_out.labels, minlength=number)
        counts = class_counts(count, shares, torch.bincount(train.labels, minlength=number))
        floor_index = draw(train.labels, counts, SEED + 1)
        if min(len(held_out), len(floor_index)) < SMALLEST:
            raise TrainingError(
                f"An evaluation needs {SMALLEST} held-out and {SMALLEST} training pictures with the same classes, "
                f"not {len(held_out)} and {len(floor_index)}."
            )
        training = real(train, network, floor_index)
        axes = principal_axes(training.features, COMPONENTS)
        return cls(network, train.classes, held_out, training, floor_index, axes, compare(held_out, training, axes))

    def check(self, model: Model) -> None:
        """Raise TrainingError unless the model makes pictures of this data's classes."""
        if model.classes not in ((), self.classes):
            theirs = ", ".join(self.classes) or "none"
            raise TrainingError(f"{model.name} has the classes {', '.join(model.classes)}, but the data has {theirs}.")


def principal_axes(features: Tensor, count: int) -> Tensor:
    """The first principal axes of N×F features, F×count (fewer, if F is), float64, orthonormal."""
    _, vectors = torch.linalg.eigh(Moments.of(features).covariance)
    return vectors[:, -min(count, vectors.shape[1]) :].flip(1)


def compare(reference: Sample, sample: Sample, axes: Tensor) -> dict[str, float]:
    """All distances of a sample to the reference; see the module's text for what they are measured on."""
    a, b = reference.features.double(), sample.features.double()
    return {
        "frechet": frechet_distance(Moments.of(a), Moments.of(b)),
        "frechet_pca64": frechet_distance(Moments.of(a @ axes), Moments.of(b @ axes)),
        "kid": kernel_distance(a, b, seed=SEED),
        **neighbourhoods(a, b),
    }


def neighbourhoods(reference: Tensor, features: Tensor) -> dict[str, float]:
    """Precision, recall (k = 3), density and coverage (k = 5) of N×F features, in groups as large as the reference."""
    size = min(len(reference), len(features))
    rows = []
    for group in features.split(size)[: len(features) // size]:
        rows.append((*precision_recall(reference[:size], group), *density_coverage(reference[:size], group)))
    means = torch.tensor(rows).mean(dim=0).tolist()
    return dict(zip(("precision", "recall", "density", "coverage"), means, strict=True))


def judge(model: Model, held_out: Sample, fakes: Sample) -> tuple[Tensor, Tensor]:
    """The critic's logits of held-out and of as many generated pictures (at least JUDGED), each judged alone."""

    def logits(sample: Sample) -> Tensor:
        return model.criticize(as_float(sample.pictures), sample.labels if model.classes else None).cpu()

    return logits(held_out), logits(fakes.rows(slice(max(len(held_out), JUDGED))))


def critic_figures(on_real: Tensor, on_fakes: Tensor) -> dict[str, float]:
    """AUC, accuracy at logit 0 and calibration error of a critic from its logits."""
    return {
        "critic_auc": roc_auc(on_real, on_fakes),
        "critic_accuracy": balanced_accuracy(on_real, on_fakes),
        "critic_calibration_error": calibration_error(on_real, on_fakes),
    }


def with_floor(figures: dict[str, float], floor: dict[str, float]) -> dict[str, float]:
    """The figures, each followed by its floor, and the ratio for the Fréchet distances."""
    result = {}
    for name, value in figures.items():
        result[name], result[f"{name}_floor"] = value, floor[name]
        if name.startswith("frechet"):
            result[f"{name}_ratio"] = value / max(floor[name], 1e-12)
    return result


def score(model: Model, reference: Reference) -> dict[str, float]:
    """The figures of a generator, and of its critic if it has one: cheap enough for every snapshot.

    Keys: frechet, frechet_pca64, kid, precision, recall, density, coverage, each also with `_floor`; frechet_ratio,
    frechet_pca64_ratio; critic_auc, critic_accuracy, critic_calibration_error.
    """
    reference.check(model)
    fakes = generated(model, reference.network, reference.training.labels)
    figures = with_floor(compare(reference.held_out, fakes, reference.axes), reference.floor)
    if model.has_critic:
        figures.update(critic_figures(*judge(model, reference.held_out, fakes)))
    return figures
