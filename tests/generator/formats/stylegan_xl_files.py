"""StyleGAN-XL as its program pickles it, with random numbers, and the plain float64 form of what it adds to StyleGAN3.

Written from Sauer et al. 2022 (arXiv:2202.00273), §3.1 (classes) and §3.2 (growing): a stem keeps all but its
critically sampled layers; a head of so many layers begins at the band where the stem ends, and its cutoffs rise
geometrically to those of the larger picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from generator.formats.reading.content import Persistent

from . import stylegan3_reference as reference
from .build_files import Layer, as_layer, write_pickle
from .stylegan3_reference import Shape, Weights

Z, W, EMBED, TABLE, CLASSES = 6, 8, 5, 7, 3  # the table knows more classes than the network


@dataclass(frozen=True)
class Grown(Shape):
    """`resolution` of the stem; `heads`: (side of the larger picture, layers) one after the other."""

    heads: tuple[tuple[int, int], ...] = ()

    def get(self, name: str) -> float:
        """An argument; the layers are all that there are."""
        if name == "num_layers" and self.heads:
            return len(self.everything) - 1
        return super().get(name)

    @property
    def everything(self) -> list[tuple[float, float, int, int, int]]:
        """The band of each layer."""
        stem = Shape(**{name: getattr(self, name) for name in Shape.__dataclass_fields__})
        critical = int(stem.get("num_critical"))
        bands = [stem.bands(i) for i in range(int(stem.get("num_layers")) + 1)]
        for side, count in self.heads:
            bands = bands[: -critical - 1]
            cut, half, rate, _size, width = bands[-1]
            stop, last = cut + half, side / 2
            for j in range(count + 1):
                share = min(j / (count - 2), 1)
                cutoff = cut ** (1 - share) * last**share
                end = stop ** (1 - share) * (last * stem.get("last_stopband_rel")) ** share
                power = rate if j == 0 else 2 ** math.ceil(math.log2(min(2 * end, side)))
                wide = width if j == 0 else round(min(stem.get("channel_base") / 2 / cutoff, stem.get("channel_max")))
                extent = side if j >= count - 1 else power + 2 * int(stem.get("margin_size"))
                bands.append((cutoff, max(end, power / 2) - cutoff, power, extent, 3 if j == count else wide))
        return bands

    def bands(self, i: int) -> tuple[float, float, int, int, int]:
        """Of layer i's output."""
        return self.everything[i] if self.heads else super().bands(i)


def generator(shape: Grown, seed: int = 0) -> tuple[Layer, Weights]:
    """A generator to be pickled, and its tensors by their names; without classes if the shape has none."""
    bare = replace(shape, c_dim=0)
    tree = reference.tree(bare, seed)
    rng = torch.Generator().manual_seed(seed + 1)
    synthesis, mapping = tree.modules["synthesis"], tree.modules["mapping"]
    assert isinstance(synthesis, Persistent) and isinstance(mapping, Persistent)
    inner = {name: as_layer(child) for name, child in mapping.modules.items() if isinstance(child, Persistent)}
    weights = tree.tensors()
    table = torch.randn(TABLE, EMBED, generator=rng)
    average = torch.randn(*([shape.c_dim] * bool(shape.c_dim)), W, generator=rng) * 0.3
    weights |= {"mapping.embed.weight": table, "mapping.w_avg": average}
    embed = nn.Embedding(TABLE, EMBED)
    embed.weight.data = table
    modules: dict[str, Layer | nn.Module] = {"embed": embed, **inner}
    if shape.c_dim:
        first = torch.randn(W, 2 * Z, generator=rng) * 100
        own = {"weight": torch.randn(Z, EMBED, generator=rng), "bias": torch.randn(Z, generator=rng)}
        modules["embed_proj"] = Layer("FullyConnectedLayer", EMBED, Z, parameters=own)
        modules["fc0"] = Layer(
            "FullyConnectedLayer", 2 * Z, W, parameters={"weight": first, "bias": weights["mapping.fc0.bias"]}
        )
        weights |= {f"mapping.embed_proj.{name}": t for name, t in own.items()} | {"mapping.fc0.weight": first}
    arguments: dict[str, Any] = {"z_dim": Z, "c_dim": shape.c_dim, "w_dim": W, "num_ws": 9, "rand_embedding": False}
    # What its own program leaves behind: the stem's arguments, however often it has grown since.
    stem = {**synthesis.init_kwargs, "img_resolution": shape.resolution}
    parts = {
        "synthesis": as_layer(replace(synthesis, init_kwargs=stem)),
        "mapping": Layer("MappingNetwork", buffers={"w_avg": average}, modules=modules, **arguments),
    }
    if not shape.heads:
        return Layer("Generator", Z, shape.c_dim, W, shape.resolution, 3, modules=parts), weights
    side, count = shape.heads[-1]
    given: dict[str, Any] = {"img_resolution": side, "path_stem": "stem.pkl", "head_layers": count, "up_factor": 2}
    return Layer("SuperresGenerator", modules=parts, **given), weights


def write(path: Path, shape: Grown) -> tuple[Path, Weights]:
    """A snapshot, with a discriminator of a kind that cannot be read, and the average's tensors."""
    made, weights = generator(shape)
    judge = Layer("ProjectedDiscriminator", modules={"feature_networks": nn.ModuleDict({"a": nn.Conv2d(3, 4, 3)})})
    return write_pickle(path, {"G": generator(shape, 9)[0], "D": judge, "G_ema": made}), weights


def mapping(weights: Weights, z: Tensor, classes: list[int] | None) -> Tensor:
    """N×Z (and a class each) → N×W."""
    x = reference.unit(z.double())
    if classes is not None:
        projected = reference.affine(
            reference.at(weights, "mapping.embed.weight")[classes], weights, "mapping.embed_proj"
        )
        x = torch.cat([x, reference.unit(reference.bend(projected))], dim=1)
    for i in range(2):
        x = reference.bend(reference.affine(x, weights, f"mapping.fc{i}", 0.01))
    return x
