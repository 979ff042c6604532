"""A small file of every format, written as its original program writes it: what every format's test opens and converts.

A new format needs a maker here; `maker` fails without one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from safetensors.torch import save_file

from generator.formats.registry import formats
from tests.generator.build import CRITICS, GENERATORS, lively_critic, lively_generator

from . import (
    biggan_files,
    biggan_pytorch_files,
    dcgan_files,
    fastgan_files,
    lightweight_files,
    lucidrains_files,
    pgan_files,
    plain_files,
    projected_files,
    stylegan2_files,
    stylegan3_reference,
    stylegan_files,
    stylegan_xl_files,
    tensorflow_files,
)
from .build_files import as_config, as_layer, write_pickle, write_torch


@dataclass(frozen=True)
class Made:
    """A file, the one of its discriminator where that lies apart, and what is in them."""

    path: Path
    critic: Path | None = None
    classes: tuple[str, ...] = ()
    judges: bool = True  # whether there is a discriminator
    maps: bool = False  # whether there is a mapping network


def names() -> list[str]:
    """Every registered format, by its name in saved files."""
    return [known.NAME for known in formats()]


def make(name: str, folder: Path) -> Made:
    """A file of this format in `folder`; the test fails if nobody wrote a maker for it."""
    if name not in MAKERS:
        pytest.fail(f"There is no maker of {name} files: add one to {Path(__file__).name}.")
    return MAKERS[name](folder)


def _biggan(folder: Path) -> Made:
    path = write_torch(folder / "pytorch_model.bin", biggan_files.file_state())
    rows = [list(layer) for layer in biggan_files.LAYERS]
    (folder / "config.json").write_text(json.dumps({"layers": rows, "eps": 1e-4, "z_dim": biggan_files.Z}))
    return Made(path, classes=("0", "1", "2", "3"), judges=False)


def _biggan_pytorch(folder: Path) -> Made:
    build = biggan_pytorch_files.Build()
    path = write_torch(folder / "G_ema.pth", biggan_pytorch_files.generator_state(build))
    critic = write_torch(folder / "D.pth", biggan_pytorch_files.critic_state(build))
    return Made(path, critic, classes=("0", "1", "2"))


def _dcgan(folder: Path) -> Made:
    widths = [9, 9, 16, 3]  # z as long as the first maps are wide: shapes do not tell their axes apart
    path = write_torch(folder / "netG_epoch_24.pth", dcgan_files.generator_state(widths))
    return Made(path, write_torch(folder / "netD_epoch_24.pth", dcgan_files.critic_state([3, 16, 9, 1])))


def _fastgan(folder: Path) -> Made:
    fastgan_files.write(folder / "all_50000.pth", 256, "module.")
    return Made(folder / "all_50000.pth")


def _house_state(folder: Path) -> Made:
    generator, critic = GENERATORS["smooth"], CRITICS["strided"]
    networks = {"generator": lively_generator(generator), "critic": lively_critic(critic)}
    tensors = {f"{n}.{k}": t.contiguous() for n, network in networks.items() for k, t in network.state_dict().items()}
    save_file(tensors, folder / "model.safetensors")
    configs = {"generator_config": generator.to_dict(), "critic_config": critic.to_dict()}
    (folder / "config.json").write_text(json.dumps(configs))
    return Made(folder / "model.safetensors", classes=("0", "1", "2"), maps=True)


def _lightweight(folder: Path) -> Made:
    build = lightweight_files.Build(stages=4, blur=True, frequency=True, attended=(8,))
    lightweight_files.write(folder / "model_12.pt", build)
    return Made(folder / "model_12.pt", judges=False)


def _pgan(folder: Path) -> Made:
    attributes = {"Gender": {"order": 0, "values": ["M", "W"]}}
    changes = {"categoryVectorDim": 2, "latentVectorDim": pgan_files.Z + 2, "attribKeysOrder": attributes}
    state = {
        "config": as_config(pgan_files.config(alpha=0.25, **changes)),
        "netG": pgan_files.generator_state(latent=pgan_files.Z + 2),
        "netD": pgan_files.critic_state(outputs=3),
        "avgG": pgan_files.generator_state(latent=pgan_files.Z + 2),
    }
    return Made(write_torch(folder / "celeba_s2_i80000.pt", state, legacy=True), classes=("M", "W"))


def _plain_stack(folder: Path) -> Made:
    network = plain_files.trained(plain_files.dense_first(16), 20)
    return Made(write_torch(folder / "generator.pth", dict(network.state_dict())), judges=False)


def _projected_fastgan(folder: Path) -> Made:
    projected_files.write(folder / "best_model.pkl", projected_files.Generator(128))
    return Made(folder / "best_model.pkl", judges=False)


def _stylegan2_lucidrains(folder: Path) -> Made:
    own = lucidrains_files.state((16, 12, 8), 12, 3)
    root = {"GAN": lucidrains_files.whole(own, (16, 12, 8), 12, 3), "version": "1.8.6"}
    return Made(write_torch(folder / "model_12.pt", root), judges=False, maps=True)


def _stylegan2_nvidia(folder: Path) -> Made:
    options = stylegan2_files.Options(classes=3, clamp=256)
    networks = {
        "G": stylegan2_files.nvidia_generator(options),
        "D": stylegan2_files.nvidia_critic(options),
        "G_ema": stylegan2_files.nvidia_generator(options),
    }
    root = {"training_set_kwargs": {"path": "plums.zip"}, **{name: as_layer(n) for name, n in networks.items()}}
    return Made(write_pickle(folder / "network-snapshot-000025.pkl", root), classes=("0", "1", "2"), maps=True)


def _stylegan2_rosinality(folder: Path) -> Made:
    widths = (12, 10, 8)
    root = {
        "g": stylegan2_files.rosinality_generator(widths, 16, 3),
        "d": stylegan2_files.rosinality_critic(widths),
        "g_ema": stylegan2_files.rosinality_generator(widths, 16, 3),
        "ada_aug_p": 0.0,
    }  # and no average w: the program writes none in training
    return Made(write_torch(folder / "550000.pt", root), maps=True)


def _stylegan2_tensorflow(folder: Path) -> Made:
    parts, widths = ("mapping", "synthesis"), (12, 10, 8)
    average = tensorflow_files.generator_variables(widths, 8, 16, 2)
    root = (
        tensorflow_files.network("G", average, parts),
        tensorflow_files.network("D", tensorflow_files.critic_variables(widths)),
        tensorflow_files.network("Gs", average, parts),
    )
    return Made(write_pickle(folder / "stylegan2-plums-config-f.pkl", root), maps=True)


def _stylegan_tensorflow(folder: Path) -> Made:
    v = stylegan_files.generator_variables((10, 8, 6), 8, 12, 2, classes=3)
    root = (
        tensorflow_files.network("G", v, ("mapping", "synthesis")),
        tensorflow_files.network("D", stylegan_files.critic_variables((10, 8, 6), classes=3)),
        tensorflow_files.network("Gs", v, ("mapping", "synthesis")),
    )
    return Made(write_pickle(folder / "karras2019stylegan-plums.pkl", root), classes=("0", "1", "2"), maps=True)


def _stylegan3(folder: Path) -> Made:
    more: dict[str, object] = {"channel_base": 256, "channel_max": 12}
    critic = replace(stylegan2_files.Options(), widths=(12, 10, 8, 6), classes=3)
    root = {
        "G_ema": as_layer(stylegan3_reference.tree(stylegan3_reference.Shape(c_dim=3, more=more))),
        "D": as_layer(stylegan2_files.nvidia_critic(critic)),
        "augment_pipe": None,
    }
    return Made(write_pickle(folder / "stylegan3-t.pkl", root), classes=("0", "1", "2"), maps=True)


def _stylegan_xl(folder: Path) -> Made:
    more: dict[str, object] = {"channel_base": 256, "channel_max": 12, "num_layers": 7}
    shape = stylegan_xl_files.Grown(16, z_dim=stylegan_xl_files.Z, c_dim=3, more=more, heads=((32, 7),))
    path, _ = stylegan_xl_files.write(folder / "pokemon32.pkl", shape)
    return Made(path, classes=("0", "1", "2"), judges=False, maps=True)


MAKERS: dict[str, Callable[[Path], Made]] = {
    "biggan": _biggan,
    "biggan_pytorch": _biggan_pytorch,
    "dcgan": _dcgan,
    "fastgan": _fastgan,
    "house_state": _house_state,
    "lightweight": _lightweight,
    "pgan": _pgan,
    "plain_stack": _plain_stack,
    "projected_fastgan": _projected_fastgan,
    "stylegan2_lucidrains": _stylegan2_lucidrains,
    "stylegan2_nvidia": _stylegan2_nvidia,
    "stylegan2_rosinality": _stylegan2_rosinality,
    "stylegan2_tensorflow": _stylegan2_tensorflow,
    "stylegan3": _stylegan3,
    "stylegan_tensorflow": _stylegan_tensorflow,
    "stylegan_xl": _stylegan_xl,
}
