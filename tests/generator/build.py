"""Small networks with random weights in which nothing is zero or one: no term can hide from a test."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from generator import (
    Averages,
    Calibration,
    Critic,
    CriticConfig,
    Direction,
    Generator,
    GeneratorConfig,
    Model,
    Provenance,
)
from generator.families.stylegan2 import Encoder, EncoderConfig, StyleGAN2

GENERATOR = GeneratorConfig(
    32,
    num_classes=3,
    z_dim=8,
    w_dim=16,
    mapping_layers=2,
    channel_base=256,
    channel_max=24,
    head="shuffle",
)
CRITIC = CriticConfig(32, num_classes=3, channel_base=256, channel_max=24, stem="strided", cmap_dim=8, mapping_layers=1)
ENCODER = EncoderConfig(32, num_classes=3, z_dim=8, channel_base=256, channel_max=24, hidden=20)
PROVENANCE = Provenance("Plums", "CC0", "Nobody", "drawn in a test", subject="plum", pictures_seen=7, trained="0 hours")

GENERATORS = {
    "paper": replace(GENERATOR, head="rgb"),
    "paper without classes": replace(GENERATOR, head="rgb", num_classes=0),
    "shuffle": GENERATOR,
    "shuffle without classes": replace(GENERATOR, num_classes=0),
    "smooth": replace(GENERATOR, head="smooth"),
    "grey smooth": replace(GENERATOR, head="smooth", img_channels=1),
    "grey": replace(GENERATOR, head="rgb", num_classes=0, img_channels=1),
    "grey shuffle": replace(GENERATOR, img_channels=1),
    "64 px, widths differ": replace(GENERATOR, resolution=64, channel_max=40, head="rgb"),
    "one channel at the top": replace(GENERATOR, channel_base=32, head="rgb"),
    "orig": replace(GENERATOR, head="rgb", architecture="orig"),
    "resnet": replace(GENERATOR, head="rgb", architecture="resnet"),
    "bounded": replace(GENERATOR, head="rgb", conv_clamp=0.7),
    "bounded resnet": replace(GENERATOR, head="rgb", architecture="resnet", conv_clamp=1.25),
    "named widths": replace(GENERATOR, head="rgb", widths=(12, 20, 6, 10), embed_dim=5, mapping_width=11),
    "4 px": replace(GENERATOR, resolution=4, head="rgb", num_classes=0),
    "styled start and a prior": replace(GENERATOR, start="styled", prior_layers=3, prior_width=12),
    "a prior without classes": replace(GENERATOR, num_classes=0, z_dim=7, prior_layers=2, prior_width=5),
    "8 px": replace(GENERATOR, resolution=8, head="rgb", architecture="resnet", widths=(6, 9)),
}
CRITICS = {
    "paper": replace(CRITIC, stem="rgb"),
    "paper without classes": replace(CRITIC, stem="rgb", num_classes=0, cmap_dim=0),
    "strided": CRITIC,
    "strided without classes": replace(CRITIC, num_classes=0, cmap_dim=0),
    "no mapping of classes": replace(CRITIC, mapping_layers=0),
    "grey": replace(CRITIC, img_channels=1, stem="rgb"),
    "64 px, widths differ": replace(CRITIC, resolution=64, channel_max=40),
    "orig": replace(CRITIC, stem="rgb", architecture="orig"),
    "skip": replace(CRITIC, stem="rgb", architecture="skip"),
    "bounded": replace(CRITIC, stem="rgb", conv_clamp=0.7),
    "bounded skip": replace(CRITIC, stem="rgb", architecture="skip", conv_clamp=0.5),
    "named widths": replace(
        CRITIC,
        stem="rgb",
        widths=(12, 20, 6, 10),
        embed_dim=5,
        mapping_width=11,
        mapping_layers=3,
    ),
    "four statistics": replace(CRITIC, mbstd_channels=4),
    "no statistics": replace(CRITIC, mbstd_channels=0),
    "8 px": replace(CRITIC, resolution=8, stem="rgb"),
}


@torch.no_grad()
def enliven(network: nn.Module, seed: int = 0) -> nn.Module:
    """Give every bias, noise strength and average a value of its own, as training would."""
    rng = torch.Generator().manual_seed(seed)
    for name, tensor in network.state_dict().items():
        if "prior." in name:
            if not name.endswith("order"):
                tensor.copy_(torch.randn(tensor.shape, generator=rng) * 0.3)
        elif name.endswith(("bias", "noise_strength", "w_avg")):
            slow = 0.01 if tensor.ndim and "mapping.layers" in name else 1.0  # biases there are multiplied by 0.01
            tensor.add_(torch.randn(tensor.shape, generator=rng) * 0.4 / slow)
        elif name.endswith("weight") or name in ("const", "synthesis.const") or "noise_const" in name:
            scale = 100.0 if "mapping.layers" in name else 1.0
            tensor.copy_(torch.randn(tensor.shape, generator=rng) * scale)
        else:
            raise AssertionError(f"what is {name}?")
    return network.requires_grad_(False).eval()


def lively_generator(config: GeneratorConfig = GENERATOR, seed: int = 0) -> Generator:
    """A generator with nothing degenerate in it."""
    network = Generator(config)
    enliven(network, seed)
    return network


def lively_critic(config: CriticConfig = CRITIC, seed: int = 1) -> Critic:
    """A critic with nothing degenerate in it."""
    network = Critic(config)
    enliven(network, seed)
    return network


def lively_encoder(config: EncoderConfig = ENCODER, seed: int = 4) -> Encoder:
    """An encoder with nothing degenerate in it."""
    torch.manual_seed(seed)
    return Encoder(config).requires_grad_(False).eval()


def lively_model(
    config: GeneratorConfig = GENERATOR,
    critic: CriticConfig | None = CRITIC,
    precision: str = "fp32",
    encoder: EncoderConfig | None = None,
) -> Model:
    """A whole model: averages, two directions, a calibration; with an encoder, if its configuration is given."""
    rng = torch.Generator().manual_seed(2)
    axes = torch.linalg.qr(torch.randn(config.w_dim, 2, generator=rng)).Q.T
    classes = ("damson", "gage", "mirabelle")[: config.num_classes]
    return Model(
        name="plums",
        version="2.1",
        family=StyleGAN2(
            lively_generator(config),
            None if critic is None else lively_critic(critic),
            None if encoder is None else lively_encoder(encoder),
        ),
        classes=classes,
        averages=Averages(
            torch.randn(config.w_dim, generator=rng),
            torch.randn(len(classes), config.w_dim, generator=rng) if classes else None,
        ),
        directions=(
            Direction("pc1", "darker ↔ lighter", axes[0].contiguous(), 1.5),
            Direction("pc2", "small ↔ large", axes[1].contiguous(), 0.5),
        ),
        calibration=Calibration.measure([0.5, 1.0, 2.0, 4.0], [-3.0, -1.0, 0.0, 1.0, 1.5]),
        provenance=PROVENANCE,
        precision=precision,
    )


def some_ws(config: GeneratorConfig, count: int, seed: int = 3) -> Tensor:
    """Styles that differ from picture to picture and from layer to layer, as after mixing."""
    return torch.randn(count, config.num_ws, config.w_dim, generator=torch.Generator().manual_seed(seed))


def some_labels(classes: int, count: int) -> Tensor | None:
    """Weights of classes: one-hot for most, a blend of two for the last."""
    if not classes:
        return None
    labels = torch.eye(classes)[torch.arange(count) % classes]
    labels[-1] = 0.0
    labels[-1, :2] = torch.tensor([0.3, 0.7])
    return labels


def some_pictures(count: int, channels: int = 3, size: int = 32, seed: int = 4) -> Tensor:
    """Soft random pictures N×C×H×W in [−1, 1] that differ in brightness, as real ones do."""
    rng = torch.Generator().manual_seed(seed)
    coarse = torch.randn(count, channels, 4, 4, generator=rng) + 2 * torch.randn(count, channels, 1, 1, generator=rng)
    x = torch.nn.functional.interpolate(coarse, size=size, mode="bicubic")
    return torch.tanh(x + 0.1 * torch.randn(x.shape, generator=rng))
