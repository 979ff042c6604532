"""stylegan2_pytorch's `model_N.pt`: all networks' tensors by name, under `GAN` beside its `version`, or alone.

`GE.` and `SE.` are the averages of the generator and its mapping, `G.` and `S.` those in training. The critic is not
read. What the tensors do not say is by how much the mapping's weights are scaled (`lr_mlp`, which is in no file): its
later versions draw them with a spread of 1 and scale them by 0.1, its first ones drew them at He's, and did not.
"""

from __future__ import annotations

import torch
from torch import Tensor

from generator.errors import CheckpointError
from generator.families.stylegan2_lucidrains import (
    BlockWeights,
    GeneratorWeights,
    LayerWeights,
    StyleGAN2Lucidrains,
    Weights,
)
from generator.model import Model

from .naming import foreign_model, unknown_provenance
from .reading.content import Content
from .state import State
from .state_dicts import named

NAME = "stylegan2_lucidrains"  # in saved files: stays when this file is renamed
TITLE = "StyleGAN2 (lucidrains)"
PREFIXES = (("GE.", "SE."), ("G.", "S."))
SIGNS = ("blocks.0.to_style1.weight", "blocks.0.to_noise1.weight", "blocks.0.to_rgb.to_style.weight")
MAX_BLOCKS = 9  # 1024 px
SCALE = 0.1
WIDE = 0.4  # spread of weights that are scaled: they begin at 1, those that are not well below
NOTES = "The critic of a stylegan2_pytorch is not read: the file's is left out."


def recognises(content: Content) -> bool:
    """Whether such a generator and its mapping are in it, mostly under `GAN`."""
    return bool(_networks(content.root)[0])


def load(content: Content, critic: Content | None = None) -> Model:
    """The averaged generator, without a critic. CheckpointError: what is missing, unknown or does not fit."""
    if critic is not None:
        raise CheckpointError(f"{critic.path.name} is of no use here. {NOTES}")
    tensors, judged = _networks(content.root)
    if not tensors:
        raise CheckpointError(f"{content.path.name} holds no generator of this format.")
    state = State(tensors, f"The generator in {content.path.name}")
    weights = _read(state)
    state.refuse_the_rest()
    family = StyleGAN2Lucidrains(weights)
    provenance = unknown_provenance(content.path, content.path.stem, NOTES if judged else "")
    return foreign_model(content.path, family, family.averages(), provenance)


def _networks(root: object) -> tuple[dict[str, Tensor], bool]:
    """The tensors of generator (under `G.`) and mapping (under `S.`), the averaged ones first, empty if none; and
    whether there is a discriminator beside them."""
    for generator, mapping in PREFIXES:
        for _, tensors in named(root, *(generator + sign for sign in SIGNS), f"{mapping}net.0.weight"):
            own = {f"G.{k.removeprefix(generator)}": t for k, t in tensors.items() if k.startswith(generator)}
            own |= {f"S.{k.removeprefix(mapping)}": t for k, t in tensors.items() if k.startswith(mapping)}
            return own, any(k.startswith("D.") for k in tensors)
    return {}, False


def _read(state: State) -> GeneratorWeights:
    what = state.what
    if any(name.startswith("G.attns.") for name in state.tensors):
        raise CheckpointError(f"{what} attends over its maps (attn_layers), which this program does not know.")
    count = 0
    while f"G.blocks.{count}.to_style1.weight" in state and count <= MAX_BLOCKS:
        count += 1
    if count > MAX_BLOCKS:
        raise CheckpointError(f"{what} has more blocks than a picture of {4 << (MAX_BLOCKS - 1)} pixels needs.")
    mapping = _mapping(state)
    w_dim = len(mapping[-1][0])
    width = state.shape("G.blocks.0.conv1.weight", 4)[1]
    from_w = "G.to_initial_block.weight" in state
    name = "G.to_initial_block.weight" if from_w else "G.initial_block"
    start = state.take(name, w_dim if from_w else 1, width, 4, 4).float()
    first = None
    if "G.initial_conv.weight" in state:  # since version 0.18 or so
        first = _pair(state, "G.initial_conv", width, width, 3, 3)
    blocks = []
    for i in range(count):
        outputs = state.shape(f"G.blocks.{i}.conv1.weight", 4)[0]
        blocks.append(_block(state, f"G.blocks.{i}", w_dim, width, outputs, i < count - 1))
        width = outputs
    return GeneratorWeights(mapping, start, from_w, first, blocks)


def _block(state: State, name: str, w_dim: int, inputs: int, outputs: int, blurred: bool) -> BlockWeights:
    def layer(number: int, wide: int) -> LayerWeights:
        gain, offset = _pair(state, f"{name}.to_noise{number}", outputs, 1)
        return LayerWeights(
            convolution=state.take(f"{name}.conv{number}.weight", outputs, wide, 3, 3).float(),
            style=_pair(state, f"{name}.to_style{number}", wide, w_dim),
            noise=(gain, offset),
        )

    colours = state.shape(f"{name}.to_rgb.conv.weight", 4)[0]
    if colours != 3:
        raise CheckpointError(f"{state.what} draws pictures of {colours} channels; this program shows 3 (RGB) of it.")
    if blurred and f"{name}.to_rgb.upsample.1.f" in state:
        taps = state.take(f"{name}.to_rgb.upsample.1.f", 3)
        if not torch.equal(taps, torch.tensor([1.0, 2.0, 1.0]).double()):
            raise CheckpointError(f"{state.what} blurs with another filter than [1, 2, 1].")
    elif blurred:
        raise CheckpointError(
            f"{state.what} lacks the tensor {name}.to_rgb.upsample.1.f: its first versions do not blur."
        )
    to_rgb = LayerWeights(
        convolution=state.take(f"{name}.to_rgb.conv.weight", colours, outputs, 1, 1).float(),
        style=_pair(state, f"{name}.to_rgb.to_style", outputs, w_dim),
    )
    return BlockWeights(layer(1, inputs), layer(2, outputs), to_rgb)


def _mapping(state: State) -> list[Weights]:
    """Layers and activations take turns, so they have even numbers."""
    found: list[Weights] = []
    inputs = state.shape("S.net.0.weight", 2)[1]
    while (name := f"S.net.{2 * len(found)}") + ".weight" in state:
        outputs = state.shape(f"{name}.weight", 2)[0]
        weight, bias = _pair(state, name, outputs, inputs)
        found.append((weight, bias))
        inputs = outputs
    scale = SCALE if float(torch.cat([weight.flatten() for weight, _ in found]).std()) > WIDE else 1.0
    return [(weight * scale, bias * scale) for weight, bias in found]


def _pair(state: State, name: str, *shape: int) -> Weights:
    return state.take(f"{name}.weight", *shape).float(), state.take(f"{name}.bias", shape[0]).float()
