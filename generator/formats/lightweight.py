"""lightweight-gan's `model_N.pt`: a dict with `GAN`, all networks' tensors by name, and the program's `version`.

`GE.` is the averaged generator, `G.` the one in training. The file does not say the latent's size, the widths, or
which of the options were on: shapes and names do. Versions from 0.20 on are read, but for 0.23.0 and 0.23.1, which
double their maps by attention; what a version has beside what is known here is refused by name. Four versions differ
from those after them in what leaves no trace in the tensors: only for that is the number asked.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from generator.families.lightweight import HEAD, LEAP, LightweightConfig, LightweightGAN, StageConfig
from generator.family import Averages
from generator.formats.reading.content import Content
from generator.model import Model
from generator.weights import load_into

from ..errors import CheckpointError
from .naming import foreign_model, unknown_provenance
from .state import State, folded
from .state_dicts import dictionaries, named

NAME = "lightweight"  # in saved files: stays when this file is renamed
TITLE = "lightweight-gan"
PREFIXES = ("GE.", "G.", "")  # averaged, raw, or the file of a generator alone
SIGNS = ("initial_conv.0.weight", "initial_conv.1.running_mean", "out_conv.weight")
MAX_STAGES = 8  # 1024 px, the largest that the program makes
BILINEAR = {"0.21.0", "0.21.1", "0.21.2", "0.21.3"}  # these alone interpolate between pixels
SHARED = {"0.21.1"}  # whose two kinds of attention have one set of queries, keys and values
NOTES = "The critic of a lightweight-gan is not read: the file's is left out."


def recognises(content: Content) -> bool:
    """Whether a lightweight-gan's generator is in it, mostly under `GAN`."""
    return bool(_generator(content.root))


def load(content: Content, critic: Content | None = None) -> Model:
    """The averaged generator, without a critic. CheckpointError: what is missing, unknown or does not fit."""
    if critic is not None:
        raise CheckpointError(f"{content.path.name} is a lightweight-gan checkpoint, whose critic is never read.")
    version = next((each["version"] for each in dictionaries(content.root) if "version" in each), None)
    of_version = f" of version {version}" if isinstance(version, str) and len(version) < 20 else ""
    what = f"{content.path.name}, a lightweight-gan checkpoint{of_version},"
    state = State(_generator(content.root), what)
    config, weights = _read(state)
    state.refuse_the_rest()
    if isinstance(version, str) and version in BILINEAR:
        if version in SHARED and any(stage.attention for stage in config.stages):
            raise CheckpointError(f"{what} has a kind of attention that only that version had.")
        config = replace(config, stages=tuple(replace(stage, bilinear=not stage.shuffled) for stage in config.stages))
    family = LightweightGAN(config)
    load_into(family, folded(weights, what), "lightweight-gan checkpoint")
    provenance = replace(unknown_provenance(content.path, content.path.stem), notes=NOTES)
    return foreign_model(content.path, family, Averages(torch.zeros(config.z_dim)), provenance)


def _generator(root: object) -> dict[str, Tensor]:
    for prefix in PREFIXES:
        for _, tensors in named(root, *(prefix + sign for sign in SIGNS)):
            return {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}
    return {}


def _read(state: State) -> tuple[LightweightConfig, dict[str, Tensor]]:
    z_dim = state.shape("initial_conv.0.weight", 4)[0]
    weights: dict[str, Tensor] = {}
    scale, shift = state.batch_norm("initial_conv.1", 2 * z_dim)
    seed = state.take("initial_conv.0.weight", z_dim, 2 * z_dim, 4, 4)
    weights["generator.seed.weight"] = seed * scale.view(1, -1, 1, 1)
    weights["generator.seed.bias"] = state.take("initial_conv.0.bias", 2 * z_dim) * scale + shift

    count = len({name.split(".")[1] for name in state.tensors if name.startswith("layers.")})
    if not 1 <= count <= MAX_STAGES:
        raise CheckpointError(f"{state.what} doubles its maps {count} times, not 1 to {MAX_STAGES} times.")
    widths, stages = [z_dim], []
    for i in range(count):
        stages.append(_stage(state, i, widths[i], weights))
        widths.append(stages[i].width)
    for i, stage in enumerate(stages):
        if stage.excitation:
            if i + LEAP >= count:
                raise CheckpointError(f"{state.what} has an excitation at layers.{i} that weighs no later layer.")
            _excitation(state, i, stage, widths[i + LEAP + 1], weights)
    channels = state.shape("out_conv.weight", 4)[0]
    if channels not in (1, 3):
        raise CheckpointError(f"{state.what} draws pictures of {channels} channels, not of 1 or 3.")
    _convolution(state, "out_conv", (channels, widths[-1], 3, 3), "generator.to_rgb", weights)
    return LightweightConfig(channels, z_dim, tuple(stages)), weights


def _convolution(state: State, name: str, shape: tuple[int, ...], to: str, weights: dict[str, Tensor]) -> None:
    weights[f"{to}.weight"] = state.take(f"{name}.weight", *shape)
    weights[f"{to}.bias"] = state.take(f"{name}.bias", shape[0])


def _stage(state: State, i: int, wide: int, weights: dict[str, Tensor]) -> StageConfig:
    """layers.i.0: doubling, perhaps blur, convolution, perhaps noise, batch norm; layers.i.2: perhaps attention."""
    up, to = f"layers.{i}.0", f"generator.stages.{i}"
    same = f"{up}.2.1.weight" in state  # padded by a layer of its own, for kernels of 4
    name = f"{up}.2.1" if same else f"{up}.2"
    double, _, kernel, _ = state.shape(f"{name}.weight", 4)
    if not same and kernel != 3:
        raise CheckpointError(f"{state.what} has a kernel of {kernel} pixels in {name}.weight, where 3 belong.")
    if double % 2:
        raise CheckpointError(f"{state.what} has {double} channels in {name}.weight, which no gate can halve.")
    shuffled, blur = 0, f"{up}.1.f" in state
    if f"{up}.0.net.0.weight" in state:
        rows = state.shape(f"{up}.0.net.0.weight", 4)[0]
        if rows % 4:
            raise CheckpointError(f"{state.what} has {rows} channels in {up}.0.net.0.weight, which make no 2×2 pixels.")
        shuffled = rows // 4
        _convolution(state, f"{up}.0.net.0", (rows, wide, 1, 1), f"{to}.shuffle", weights)
    if blur and not torch.allclose(state.take(f"{up}.1.f", 3), torch.tensor([1.0, 2.0, 1.0]).double()):
        raise CheckpointError(f"{state.what} blurs with other weights than 1, 2, 1 in {up}.1.f.")
    noise = f"{up}.3.weight" in state and f"{up}.3.running_mean" not in state
    scale, shift = state.batch_norm(f"{up}.{4 if noise else 3}", double)
    if noise:
        weights[f"{to}.convolution.noise_gain"] = state.take(f"{up}.3.weight", 1) * scale
    weight = state.take(f"{name}.weight", double, shuffled or wide, kernel, kernel)
    weights[f"{to}.convolution.weight"] = weight * scale.view(-1, 1, 1, 1)
    weights[f"{to}.convolution.bias"] = state.take(f"{name}.bias", double) * scale + shift
    attention, heads = _attention(state, f"layers.{i}.2", wide, f"{to}.attention", weights)
    excitation, squeezed = "", 0
    for kind, sign in (("context", "to_k.weight"), ("frequency", "dct_weights")):
        if f"layers.{i}.1.{sign}" in state:
            excitation, squeezed = kind, state.shape(f"layers.{i}.1.net.0.weight", 4)[0]
    return StageConfig(double // 2, kernel, shuffled, blur, noise, attention, heads, excitation, squeezed)


def _attention(state: State, name: str, wide: int, to: str, weights: dict[str, Tensor]) -> tuple[str, int]:
    both = f"{name}.fn.to_lin_q.weight" in state
    if not both and f"{name}.fn.to_q.weight" not in state:
        return "", 0
    linear = "to_lin_" if both else "to_"
    inner = state.shape(f"{name}.fn.{linear}q.weight", 4)[0]
    if inner % HEAD:
        raise CheckpointError(f"{state.what} has heads of attention of another size than {HEAD} in {name}.")

    def plain(part: str, source: str, rows: int) -> None:
        weights[f"{to}.{part}.weight"] = state.take(f"{name}.fn.{source}.weight", rows, wide, 1, 1)
        weights[f"{to}.{part}.bias"] = torch.zeros(rows)

    weights[f"{to}.scale"] = state.take(f"{name}.norm.g", 1, wide, 1, 1)[0]
    weights[f"{to}.shift"] = state.take(f"{name}.norm.b", 1, wide, 1, 1)[0]
    plain("queries", f"{linear}q", inner)
    weights[f"{to}.spread"] = state.take(f"{name}.fn.{linear}kv.net.0.weight", wide, 1, 3, 3)
    plain("keys_values", f"{linear}kv.net.1", 2 * inner)
    if both:
        plain("near_queries", "to_q", inner)
        plain("near_keys_values", "to_kv", 2 * inner)
    _convolution(state, f"{name}.fn.to_out", (wide, 2 * inner if both else inner, 1, 1), f"{to}.out", weights)
    return "both" if both else "linear", inner // HEAD


def _excitation(state: State, i: int, stage: StageConfig, channels_out: int, weights: dict[str, Tensor]) -> None:
    name, to, side = f"layers.{i}.1", f"generator.excitations.{i}", 8 << i
    if stage.excitation == "context":
        _convolution(state, f"{name}.to_k", (1, stage.width, 1, 1), f"{to}.context", weights)
    else:
        weights[f"{to}.cosines"] = state.take(f"{name}.dct_weights", 1, stage.width, side, side)
    _convolution(state, f"{name}.net.0", (stage.squeezed, stage.width, 1, 1), f"{to}.squeeze", weights)
    _convolution(state, f"{name}.net.2", (channels_out, stage.squeezed, 1, 1), f"{to}.excite", weights)
