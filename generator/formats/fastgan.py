"""FastGAN's training files: a dict with `g`, `d`, `g_ema` and the optimisers, or only `g` (averaged already) and `d`.

`g_ema` is a list of the averaged parameters without names, in the order of the generator's own, and without buffers:
the running averages of the batch norms and the vectors of the spectral norms come from `g`. Names may begin with
`module.`. Names and widths as in Liu et al.'s program; which widths, the tensors' shapes say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from generator.families.fastgan import DOUBLE, EXCITED, FastGAN, FastGANConfig, FastGANCriticConfig
from generator.family import Averages
from generator.formats.reading.content import Content
from generator.model import Model
from generator.weights import load_into

from ..errors import CheckpointError
from .naming import foreign_model, unknown_provenance
from .state import State, folded, tensors_of
from .state_dicts import averaged_first, dictionaries, named

NAME = "fastgan"  # in saved files: stays when this file is renamed
TITLE = "FastGAN"
PROJECTED = "synthesis"  # under which Projected GAN has the like, read by `projected_fastgan`
BUFFERS = ("weight_u", "weight_v", "running_mean", "running_var", "num_batches_tracked")  # ends of their names
SIGNS = ("init.init.0.weight_orig", "feat_8.1.weight_orig", "se_64.main.1.weight_orig", "to_big.weight_orig")
CRITIC_SIGNS = ("down_from_big.0.weight_orig", "down_4.main.0.weight_orig", "rf_big.0.weight_orig")
HALVINGS = (4, 8, 16, 32, 64)  # the critic's blocks are called after how much smaller their maps are
TRAINING_ONLY = ("decoder_big.", "decoder_part.", "decoder_small.")


def recognises(content: Content) -> bool:
    """Whether the tensors of a FastGAN generator lie under `g`, or under any other beginning but Projected GAN's."""
    return bool(_generator(content.root))


def load(content: Content, critic: Content | None = None) -> Model:
    """The averaged generator, and the critic if it is there. CheckpointError: what is missing or does not fit.

    A critic of another build than the paper's is left out, and the model's notes say so.
    """
    what = f"{content.path.name}, a FastGAN checkpoint,"
    own = _generator(content.root)
    averaged = _training(content.root).get("g_ema")
    state = State(own if averaged is None else _average(own, averaged, what), what)
    config, weights = read_generator(state)
    state.refuse_the_rest(known=("to_128.",))  # the head of a smaller picture, which only the critic saw

    provenance = unknown_provenance(content.path, content.path.stem)
    judges = _critic(content.root if critic is None else critic.root)
    if judges:
        try:
            config, judging = _read_critic(State(judges, f"{what} whose critic"), config)
            weights |= judging
        except CheckpointError as error:
            if critic is not None:  # it was asked for
                raise
            provenance = replace(provenance, notes=f"The critic in the file was left out. {error}")
    elif critic is not None:
        raise CheckpointError(f"{critic.path.name} holds no critic of a FastGAN.")
    family = FastGAN(config)
    load_into(family, folded(weights, what), "FastGAN checkpoint")
    averages = Averages(torch.zeros(config.z_dim))
    return foreign_model(content.path, family, averages, provenance)


def _training(root: object) -> dict[str, object]:
    """What the program's own training wrote, wherever it lies in the file: the dictionary that has the generator as
    `g`; empty if there is none."""
    found = (each for each in dictionaries(root) if "g" in each)
    return next((each for each in found if all(name in tensors_of(each["g"]) for name in SIGNS)), {})


def _generator(root: object) -> dict[str, Tensor]:
    training = _training(root)
    if training:
        return tensors_of(training["g"])
    found = ((place, tensors) for place, tensors in named(root, *SIGNS) if place.split(".")[-1] != PROJECTED)
    return next(iter(averaged_first(found)), {})


def _critic(root: object) -> dict[str, Tensor]:
    training = _training(root) or (root if isinstance(root, dict) else {})
    if isinstance(training.get("d"), dict):
        return tensors_of(training["d"])
    return next(iter(averaged_first(named(root, *CRITIC_SIGNS))), {})


def _average(own: dict[str, Tensor], averaged: object, what: str) -> dict[str, Tensor]:
    """The generator's tensors with the averaged parameters in the places of its own."""
    if isinstance(averaged, dict):  # forks that average a whole network keep its names
        return {**own, **tensors_of(averaged)}
    names = [name for name in own if not name.endswith(BUFFERS)]
    values = list(averaged) if isinstance(averaged, (list, tuple)) else []
    if len(values) != len(names):
        raise CheckpointError(f"{what} has {len(values)} averaged parameters for a generator of {len(names)}.")
    for name, value in zip(names, values, strict=True):
        if not isinstance(value, Tensor) or value.shape != own[name].shape:
            raise CheckpointError(f"{what} has averaged parameters that are not in the generator's order, from {name}.")
    return {**own, **dict(zip(names, values, strict=True))}


@dataclass
class _Reader:
    """Folds the norms of one network's layers into convolutions."""

    state: State
    weights: dict[str, Tensor]

    def convolution(self, to: str, name: str, shape: tuple[int, ...], norm: str | None = None) -> Tensor | None:
        """A convolution under spectral norm, without a bias of its own; the batch norm after it becomes a scale of its
        weights and a bias. Returns that scale."""
        weight = self.state.spectral(name, *shape)
        scale = None
        bias = weight.new_zeros(shape[0])
        if norm is not None:
            scale, bias = self.state.batch_norm(norm, shape[0])
            weight = weight * scale.view(-1, 1, 1, 1)
        self.weights |= {f"{to}.weight": weight, f"{to}.bias": bias}
        return scale

    def excitation(self, to: str, name: str, channels_in: int, channels_out: int) -> None:
        """Skip-layer excitation."""
        self.convolution(f"{to}.squeeze", f"{name}.main.1", (channels_out, channels_in, 4, 4))
        self.convolution(f"{to}.excite", f"{name}.main.3", (channels_out, channels_out, 1, 1))


def read_generator(state: State, resolution: int = 0) -> tuple[FastGANConfig, dict[str, Tensor]]:
    """Configuration and folded weights of a generator, up to that resolution (0: to all that is there)."""
    sides = [8, 16, 32, 64, 128, 256]
    sides += [side for side in (512, 1024) if f"feat_{side}.1.weight_orig" in state]
    sides = [side for side in sides if not resolution or side <= resolution]
    z_dim = state.shape("init.init.0.weight_orig", 4)[0]
    first, weights = read_seed(state)
    width = {4: first} | {side: state.shape(f"feat_{side}.1.weight_orig", 4)[0] // 2 for side in sides}
    reader = _Reader(state, weights)
    for i, side in enumerate(sides):
        noisy = side in DOUBLE
        places = (1, 5) if noisy else (1,)  # of the convolutions in the original's sequence: up, conv, [noise,] norm, …
        for j, place in enumerate(places):
            to, wide = f"generator.stages.{i}.{j}", width[side // 2] if j == 0 else width[side]
            norm = place + 2 if noisy else place + 1
            shape = (2 * width[side], wide, 3, 3)
            spread = reader.convolution(to, f"feat_{side}.{place}", shape, f"feat_{side}.{norm}")
            if noisy and spread is not None:
                strength = state.take(f"feat_{side}.{place + 1}.weight", 1)
                reader.weights[f"{to}.noise_gain"] = strength * spread
        if side in EXCITED:
            small = EXCITED[side]
            reader.excitation(f"generator.excitations.{side}", f"se_{side}", width[small], width[side])
    channels = state.shape("to_big.weight_orig", 4)[0]
    if channels not in (1, 3):
        raise CheckpointError(f"{state.what} draws pictures of {channels} channels, not of 1 or 3.")
    reader.convolution("generator.to_rgb", "to_big", (channels, width[sides[-1]], 3, 3))
    return FastGANConfig(sides[-1], channels, z_dim, tuple(width.values())), reader.weights


def read_seed(state: State) -> tuple[int, dict[str, Tensor]]:
    """Channels and folded weights of the layer from z to the first map."""
    z_dim, double, _, _ = state.shape("init.init.0.weight_orig", 4)
    scale, bias = state.batch_norm("init.init.1", double // 2 * 2)
    seed = state.spectral("init.init.0", z_dim, double // 2 * 2, 4, 4, transposed=True)
    return double // 2, {"generator.seed.weight": seed * scale.view(1, -1, 1, 1), "generator.seed.bias": bias}


def read_excitation(state: State, to: str, name: str, channels_in: int, channels_out: int) -> dict[str, Tensor]:
    """Weights of a skip-layer excitation, under names that begin with `to`."""
    reader = _Reader(state, {})
    reader.excitation(to, name, channels_in, channels_out)
    return reader.weights


def _read_critic(state: State, config: FastGANConfig) -> tuple[FastGANConfig, dict[str, Tensor]]:
    def width(name: str) -> int:
        return state.shape(f"{name}.weight_orig", 4)[0]

    large = config.resolution == 1024
    kernel = 3 if config.resolution == 256 else 4
    stem = [width(f"down_from_big.{i}") for i in ((0, 2) if large else (0,))]
    down = [width(f"down_{n}.main.0") for n in HALVINGS]
    small_names = ["down_from_small.0", *(f"down_from_small.{i}.main.0" for i in (2, 3, 4))]
    small = [width(name) for name in small_names]
    hidden = width("rf_big.0")

    reader = _Reader(state, {})
    channels = config.img_channels
    for i, wide in enumerate(stem):
        norm = None if i == 0 else "down_from_big.3"
        reader.convolution(f"critic.stem.{i}", f"down_from_big.{2 * i}", (wide, channels, kernel, kernel), norm)
        channels = wide
    wides = [channels, *down]
    for i, n in enumerate(HALVINGS):
        to, name, a, b = f"critic.down.{i}", f"down_{n}", wides[i], wides[i + 1]
        reader.convolution(f"{to}.first", f"{name}.main.0", (b, a, 4, 4), f"{name}.main.1")
        reader.convolution(f"{to}.second", f"{name}.main.3", (b, b, 3, 3), f"{name}.main.4")
        reader.convolution(f"{to}.direct", f"{name}.direct.1", (b, a, 1, 1), f"{name}.direct.2")
    for i, name in enumerate(("se_2_16", "se_4_32", "se_8_64")):
        reader.excitation(f"critic.excitations.{i}", name, wides[i], wides[i + 3])
    reader.convolution("critic.hidden", "rf_big.0", (hidden, down[-1], 1, 1), "rf_big.1")
    reader.convolution("critic.out", "rf_big.3", (1, hidden, 4, 4))
    channels = config.img_channels
    for i, (name, wide) in enumerate(zip(small_names, small, strict=True)):
        norm = None if i == 0 else name.replace(".main.0", ".main.1")
        reader.convolution(f"critic.small.{i}", name, (wide, channels, 4, 4), norm)
        channels = wide
    reader.convolution("critic.out_small", "rf_small", (1, channels, 4, 4))
    state.refuse_the_rest(known=TRAINING_ONLY)
    judging = FastGANCriticConfig(tuple(stem), tuple(down), hidden, tuple(small))
    return replace(config, critic=judging), reader.weights
