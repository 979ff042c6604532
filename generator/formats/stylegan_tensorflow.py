"""StyleGAN (2019) in the pickles of NVIDIA's TensorFlow program, read as data; see `tensorflow` for such files.

Dense layers are in×out, convolutions height×width×in×out. Where a scale reaches 128 px, the program doubles and
convolves at once and spreads the kernel the other way round than it convolves below that (its `fused_scale`).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from generator.errors import CheckpointError
from generator.families.stylegan import CriticWeights, GeneratorWeights, LayerWeights, StyleGAN, Weights
from generator.family import Averages
from generator.model import Model

from .critics import if_it_opens
from .naming import foreign_model, numbered_classes, unknown_provenance
from .reading.content import Content, Inert
from .state import State, folded
from .tensorflow import argument, networks, variables

NAME = "stylegan_tensorflow"  # in saved files: stays when this file is renamed
TITLE = "StyleGAN (TensorFlow)"
SIGNS = ("synthesis/4x4/Const/const", "synthesis/4x4/Const/StyleMod/weight")
CRITIC_SIGNS = ("4x4/Dense1/weight", "FromRGB_lod0/weight")
FUSED_FROM = 128  # side of the smallest maps that are doubled and convolved at once
GROUP = 4  # of the minibatch's standard deviation, where the file does not say
MAX_SCALES = 9  # from 4×4: 1024 pixels
# Arguments that other experiments of the paper changed (its table 1), and what the published networks have.
USUAL: dict[str, Any] = {
    "blur_filter": [1, 2, 1], "nonlinearity": "lrelu", "mapping_nonlinearity": "lrelu", "use_styles": True,
    "use_instance_norm": True, "use_pixel_norm": False, "normalize_latents": True, "use_noise": True,
}  # fmt: skip


def recognises(content: Content) -> bool:
    """Whether a network of TensorFlow's with a constant input and styles after its activations is in it."""
    return any(_is_generator(one) for one in networks(content.root))


def load(content: Content, critic: Content | None = None) -> Model:
    """The averaged generator (the last one in the file) and the discriminator, or that of a second file."""
    found = [one for one in networks(content.root) if _is_generator(one)]
    if not found:
        raise CheckpointError(f"{content.path.name} holds no generator of this format.")
    source = content if critic is None else critic
    critics = [one for one in networks(source.root) if all(name in variables(one) for name in CRITIC_SIGNS)]
    if critic is not None and not critics:
        raise CheckpointError(f"{critic.path.name} holds no discriminator of this format.")
    what = f"The generator in {content.path.name}"
    state = State(variables(found[-1]), what)
    generator, average = _generator(found[-1], state)
    classes = 0 if generator.embedding is None else len(generator.embedding)

    def read() -> CriticWeights | None:
        judge = State(variables(critics[-1]), f"The discriminator in {source.path.name}") if critics else None
        return None if judge is None else _critic(critics[-1], judge, generator, classes)

    weights, notes = if_it_opens(critic, read)
    if generator.missing:
        sentence = f"It was saved while it grew: {generator.missing:g} of its doublings are not drawn yet."
        notes = f"{notes} {sentence}".strip()
    family = StyleGAN(generator, weights, classes)
    provenance = unknown_provenance(content.path, content.path.stem, notes)
    return foreign_model(content.path, family, Averages(average), provenance, numbered_classes(classes))


def _is_generator(network: Inert) -> bool:
    found = variables(network)
    return all(name in found for name in SIGNS)


def _said(network: Inert, name: str, default: Any) -> Any:
    """An argument of the network or of one of its components."""
    parts = network.state.get("components")
    inner = [part for part in parts.values() if isinstance(part, Inert)] if isinstance(parts, dict) else []
    told = (argument(one, name, ...) for one in (*inner, network))
    return next((value for value in told if value is not ...), default)


def _check_usual(network: Inert, what: str) -> None:
    for name, usual in USUAL.items():
        said = _said(network, name, usual)
        if (list(said) if isinstance(said, tuple) else said) != usual:
            raise CheckpointError(f"{what} is of an experiment with another {name}, which this program does not know.")


class _Reader:
    """Takes layers and folds their equalising constants in (`get_weight` of the program): √2/√inputs, a rate."""

    def __init__(self, network: Inert, state: State) -> None:
        self.state, self.equalised = state, _said(network, "use_wscale", True) is not False

    def dense(self, name: str, inputs: int, outputs: int, gain: float = math.sqrt(2), rate: float = 1.0) -> Weights:
        """O×I and O."""
        return self._fold(name, (inputs, outputs), gain, rate)

    def conv(self, name: str, inputs: int, outputs: int, kernel: int = 3, gain: float = math.sqrt(2)) -> Weights:
        """O×I×k×k and O."""
        return self._fold(name, (kernel, kernel, inputs, outputs), gain, 1.0)

    def _fold(self, name: str, shape: tuple[int, ...], gain: float, rate: float) -> Weights:
        weight = self.state.take(f"{name}/weight", *shape)
        scale = rate * (gain / math.sqrt(math.prod(shape[:-1])) if self.equalised else 1.0)
        weight = weight.permute(3, 2, 0, 1) if len(shape) == 4 else weight.t()
        pair = {f"{name}/weight": weight * scale, f"{name}/bias": self.state.take(f"{name}/bias", shape[-1]) * rate}
        done = folded(pair, self.state.what)
        return done[f"{name}/weight"], done[f"{name}/bias"]


def _generator(network: Inert, state: State) -> tuple[GeneratorWeights, Tensor]:
    what = state.what
    _check_usual(network, what)
    read = _Reader(network, state)
    scales = 1
    while f"synthesis/{4 << scales}x{4 << scales}/Conv1/weight" in state and scales < MAX_SCALES:
        scales += 1
    widths = [state.shape("synthesis/4x4/Const/const", 4)[1]]
    widths += [state.shape(f"synthesis/{4 << i}x{4 << i}/Conv1/weight", 4)[3] for i in range(1, scales)]
    embedding, mapping = _mapping(network, read)
    w_dim = len(mapping[-1][0])

    def layer(place: str, index: int, before: int, width: int, fused: bool = False) -> LayerWeights:
        kernel = None
        if index:
            # The bias comes after the noise, and, where maps are doubled, after they are smoothed.
            kernel, bias = read.conv(place, before, width)
        else:
            bias = state.take(f"{place}/bias", width).float()
        side = 4 << index // 2
        return LayerWeights(
            convolution=kernel,
            bias=bias,
            noise_gain=state.take(f"{place}/Noise/weight", width).float(),
            noise=state.take(f"synthesis/noise{index}", 1, 1, side, side)[0, 0].float(),
            style=read.dense(f"{place}/StyleMod", w_dim, 2 * width, gain=1.0),
            turned=fused,
        )

    constant = state.take("synthesis/4x4/Const/const", 1, widths[0], 4, 4).float()
    layers = [layer("synthesis/4x4/Const", 0, 0, widths[0]), layer("synthesis/4x4/Conv", 1, widths[0], widths[0])]
    for i in range(1, scales):
        place = f"synthesis/{4 << i}x{4 << i}"
        fused = _fused(network, 4 << i)
        layers.append(layer(f"{place}/Conv0_up", 2 * i, widths[i - 1], widths[i], fused))
        layers.append(layer(f"{place}/Conv1", 2 * i + 1, widths[i], widths[i]))
    missing = _missing(state, scales)
    to_rgb, colours = _to_rgb(state, read, widths, missing)
    if colours not in (1, 3):
        raise CheckpointError(f"{what} draws pictures of {colours} channels; this program shows 1 (grey) or 3 (RGB).")
    average = state.take("dlatent_avg", w_dim).float() if "dlatent_avg" in state else torch.zeros(w_dim)
    state.refuse_the_rest(known=("lod", "synthesis/lod"))
    return GeneratorWeights(embedding, mapping, constant, layers, to_rgb, missing), average


def _mapping(network: Inert, read: _Reader) -> tuple[Tensor | None, list[Weights]]:
    state, embedding = read.state, None
    inputs = state.shape("mapping/Dense0/weight", 2)[0]
    if "mapping/LabelConcat/weight" in state:
        classes, z_dim = state.shape("mapping/LabelConcat/weight", 2)
        if inputs != 2 * z_dim:
            raise CheckpointError(f"{state.what} has a mapping that does not read z and a class of its length.")
        embedding = state.take("mapping/LabelConcat/weight", classes, z_dim).float()
    rate = _said(network, "mapping_lrmul", 0.01)
    if isinstance(rate, bool) or not isinstance(rate, (int, float)):
        raise CheckpointError(f"{state.what} has a learning rate of its mapping that is no number.")
    mapping: list[Weights] = []
    while (name := f"mapping/Dense{len(mapping)}") + "/weight" in state:
        outputs = state.shape(f"{name}/weight", 2)[1]
        mapping.append(read.dense(name, inputs, outputs, rate=float(rate)))
        inputs = outputs
    return embedding, mapping


def _fused(network: Inert, side: int) -> bool:
    said = _said(network, "fused_scale", "auto")
    return side >= FUSED_FROM if said == "auto" else said is True


def _missing(state: State, scales: int) -> float:
    """How many doublings the network did not draw yet, and which part of the last one."""
    name = next((name for name in ("lod", "synthesis/lod") if name in state), None)
    missing = 0.0 if name is None else float(state.take(name))
    if not 0 <= missing <= scales - 1:
        raise CheckpointError(f"{state.what} says that {missing:g} of its {scales - 1} doublings are missing.")
    return missing


def _to_rgb(state: State, read: _Reader, widths: list[int], missing: float) -> tuple[list[Weights], int]:
    """The layers to RGB that take part in the picture: of the scale before, if it is faded out, and of the last one."""
    top = len(widths) - 1
    last = top - int(missing)
    colours = state.shape(f"synthesis/ToRGB_lod{top - last}/weight", 4)[3]
    found: list[Weights] = []
    for i, width in enumerate(widths):
        name = f"synthesis/ToRGB_lod{top - i}"
        if f"{name}/weight" in state or i in (last, last - (missing % 1 > 0)):
            layer = read.conv(name, width, colours, kernel=1, gain=1.0)
            if i == last or (i == last - 1 and missing % 1):
                found.append(layer)
    return found, colours


def _critic(network: Inert, state: State, generator: GeneratorWeights, classes: int) -> CriticWeights:
    what = state.what
    _check_usual(network, what)
    if argument(network, "mbstd_num_features", 1) != 1:
        raise CheckpointError(f"{what} has several standard deviations of its minibatch, not one.")
    read = _Reader(network, state)
    scales = len(generator.layers) // 2
    if f"{4 << scales}x{4 << scales}/Conv0/weight" in state:
        raise CheckpointError(f"{what} judges larger pictures than the generator makes.")
    if "lod" in state and float(state.take("lod")):
        raise CheckpointError(f"{what} was saved while it grew.")
    width = [state.shape(f"{4 << i}x{4 << i}/Conv0/weight", 4)[3] for i in range(scales - 1, 0, -1)]
    inner = state.shape("4x4/Conv/weight", 4)[3]
    colours = len(generator.to_rgb[-1][0])
    tops = [*width, inner]
    from_rgb = read.conv("FromRGB_lod0", colours, tops[0], kernel=1)
    blocks = []
    for i, side in enumerate(4 << n for n in range(scales - 1, 0, -1)):
        place, outputs = f"{side}x{side}", state.shape(f"{side}x{side}/Conv1_down/weight", 4)[3]
        blocks.append(
            (read.conv(f"{place}/Conv0", tops[i], tops[i]), read.conv(f"{place}/Conv1_down", tops[i], outputs))
        )
    before = len(blocks[-1][1][0]) if blocks else tops[0]
    entry = state.shape("4x4/Conv/weight", 4)[2]
    said = argument(network, "mbstd_group_size", GROUP)
    group = said if entry == before + 1 and isinstance(said, int) else 0
    end = read.conv("4x4/Conv", before + (group > 1), inner)
    hidden = state.shape("4x4/Dense0/weight", 2)[1]
    dense = read.dense("4x4/Dense0", 16 * inner, hidden)
    out = read.dense("4x4/Dense1", hidden, max(classes, 1), gain=1.0)
    state.refuse_the_rest(known=("lod", "FromRGB_lod"))  # of smaller pictures, while it grew
    return CriticWeights(from_rgb, blocks, end, dense, out, group)
