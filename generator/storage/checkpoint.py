"""Opening and writing checkpoints: a folder with generator.safetensors and critic.safetensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from generator.errors import CheckpointError
from generator.families.stylegan2.config import CriticConfig, GeneratorConfig
from generator.families.stylegan2.encoder import Encoder, EncoderConfig
from generator.families.stylegan2.engine import lay_out_all
from generator.families.stylegan2.family import StyleGAN2, stylegan2_of
from generator.families.stylegan2.networks import Critic, Generator
from generator.formats.registry import open_foreign
from generator.model import Model
from generator.weights import Undrawn, load_into

from .headers import (
    CRITIC_FILE,
    ENCODER_FILE,
    GENERATOR_FILE,
    check_name,
    measurements,
    read_averages,
    read_calibration,
    read_classes,
    read_directions,
    read_opening,
    read_provenance,
    read_text,
    split_exact,
)
from .network_file import kind_of, read_network, write_network
from .packing import open_packed

HUB_FILE = "model.safetensors"  # of a folder that PyTorchModelHubMixin wrote


def list_checkpoints(folder: Path) -> dict[str, Path]:
    """Name → folder of every checkpoint below `folder`, in alphabetical order."""
    if not folder.is_dir():
        raise CheckpointError(f"There is no folder of checkpoints at {folder}.")
    return {path.name: path for path in sorted(folder.iterdir()) if _holds_one(path)}


def _holds_one(folder: Path) -> bool:
    """Whether a checkpoint lies there. What cannot be looked into may hold one: opening it will say why not."""
    try:
        return (folder / GENERATOR_FILE).is_file()
    except PermissionError:
        return True


def open_checkpoint(
    path: str | Path, critic_path: str | Path | None = None, *, precision: str | None = None, device: str = "cpu"
) -> Model:
    """The model in a folder or a generator.safetensors with its critic beside it, or in another program's file.

    `critic_path`: a second file that holds the discriminator. `precision`: "fp32", "bf16", or None: a checkpoint of
    ours is timed in both and uses the faster, a foreign one opens in fp32, in which it gives the original's numbers.
    Raises CheckpointError, one sentence.
    """
    path = Path(path)
    beside = None if critic_path is None else Path(critic_path)
    try:
        ours = _is_ours(path)
    except PermissionError:  # not even its folder may be looked into
        raise CheckpointError(f"{path.name} cannot be read: this program has no permission.") from None
    if not ours:
        model = open_foreign(path / HUB_FILE if path.is_dir() else path, beside, device)
        if precision not in (None, model.precision):  # else its engines would only be made a second time
            model.use(precision)
        return model
    if beside is not None and not beside.is_file():
        raise CheckpointError(f"There is no file {beside.name} in {beside.parent.name or beside.parent}.")
    folder = path if path.is_dir() else path.parent
    file = path / GENERATOR_FILE if path.is_dir() else path
    if kind_of(file) == "foreign":
        model = open_packed(file)
        model.use(precision or "fp32")
        return model
    tensors, header = read_network(file, "generator")
    own, exact = split_exact(tensors)
    config = GeneratorConfig.from_dict(header.get("config"))
    with Undrawn():
        generator = Generator(config)
    load_into(generator, own, "generator")
    if generator.mapping.prior is not None:
        generator.mapping.prior.check()
    lay_out_all(generator.synthesis)
    classes = read_classes(header, generator.config.num_classes)
    model = Model(
        name=read_text(header, "name"),
        version=read_text(header, "version"),
        family=StyleGAN2(
            generator.to(device),
            _open_critic(beside or folder / CRITIC_FILE, generator.config, header, device),
            _open_encoder(folder / ENCODER_FILE, generator.config, header, device),
        ),
        classes=classes,
        averages=read_averages(exact, generator.w_avg, len(classes), device),
        directions=read_directions(header, exact, generator.config.w_dim),
        calibration=read_calibration(header, exact),
        provenance=read_provenance(header),
        precision=precision or "fp32",
        opens_with=read_opening(header, classes),
    )
    if precision is None and device == "cpu":
        model.probe()
    return model


def _is_ours(path: Path) -> bool:
    """Whether a path is one of this project's, or nothing that could be opened otherwise."""
    if path.is_dir():
        return (path / GENERATOR_FILE).exists() or not (path / HUB_FILE).exists()
    return not path.is_file() or bool(kind_of(path))


def save_checkpoint(
    model: Model,
    folder: str | Path,
    dtype: torch.dtype = torch.float16,
    kernels: torch.dtype | None = None,
    steps: float | None = None,
    like: Path | None = None,
) -> None:
    """Write a model's two files, or three with its encoder: weights as `dtype`, the generator's kernels as `kernels`
    where that is given, measurements as float32; `steps` of critic and encoder, as for `write_network`, the generator,
    whose rounding can be seen, has twice as many. What the checkpoint in the folder `like` holds to the bit is stored
    as it is there (CheckpointError if there is none). `open_checkpoint` gives it back.

    CheckpointError for a model of another family than StyleGAN2: those are kept as their own program wrote them.
    """
    folder = Path(folder)
    check_name(model.name)
    exact, header = measurements(model)
    networks = stylegan2_of(model)
    header["config"] = networks.generator.config.to_dict()
    tensors = {**networks.generator.state_dict(), **exact}
    twice, kept = steps and 2 * steps, like and like / GENERATOR_FILE
    write_network(folder / GENERATOR_FILE, "generator", tensors, header, dtype, kernels, twice, kept)
    whose = {"name": model.name, "version": model.version, "classes": list(model.classes)}
    for file, kind, network in (
        (CRITIC_FILE, "critic", networks.critic),
        (ENCODER_FILE, "encoder", networks.encoder),
    ):
        if network is not None:
            own = {**whose, "config": network.config.to_dict()}
            state = dict(network.state_dict())
            kept = like / file if like and (like / file).exists() else None
            write_network(folder / file, kind, state, own, dtype, steps=steps, like=kept)


def _open_critic(path: Path, config: GeneratorConfig, header: dict[str, Any], device: str) -> Critic | None:
    if not path.exists():
        return None
    tensors, own = read_network(path, "critic")
    critic_config = CriticConfig.from_dict(own.get("config"))
    with Undrawn():
        critic = Critic(critic_config)
    theirs = (critic.config.resolution, critic.config.num_classes, critic.config.img_channels)
    if theirs != (config.resolution, config.num_classes, config.img_channels):
        raise CheckpointError(
            "The critic beside the generator judges other pictures (resolution, classes or colours differ)."
        )
    _require_same(own, header, "critic")
    load_into(critic, tensors, "critic")
    return critic.to(device)


def _open_encoder(path: Path, config: GeneratorConfig, header: dict[str, Any], device: str) -> Encoder | None:
    if not path.exists():
        return None
    tensors, own = read_network(path, "encoder")
    with Undrawn():
        encoder = Encoder(EncoderConfig.from_dict(own.get("config")))
    theirs, ours = ((c.resolution, c.num_classes, c.img_channels, c.z_dim) for c in (encoder.config, config))
    if theirs != ours:
        raise CheckpointError(
            "The encoder beside the generator reads other pictures (resolution, classes, colours or latents differ)."
        )
    _require_same(own, header, "encoder")
    load_into(encoder, tensors, "encoder")
    return encoder.to(device)


def _require_same(own: dict[str, Any], header: dict[str, Any], kind: str) -> None:
    if any(own.get(key) != header.get(key) for key in ("name", "version", "classes")):
        raise CheckpointError(f"The {kind} beside the generator belongs to another model or version.")
