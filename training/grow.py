"""Progressive growing: a run at one resolution becomes the start of a run at twice that (Karras et al. 2018, §2).

All layers are kept and a block is added to each network. The generator is a sum of RGB layers: what its sub-pixel head
drew becomes the RGB layer of the block that the head stood on, by least squares, and the new head begins at zero, so
new detail fades in as it is learnt. The critic's new stem and block are faded in: what enters the kept blocks goes
linearly from the old stem's view of the halved picture to the new layers' over a number of pictures.
"""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator.families.stylegan2 import Critic, Generator, interleave
from generator.storage import whole, write_whole

from .errors import TrainingError
from .settings import Settings, read_state

FIT_PICTURES = 64


def grow_run(source: Path, target: Path, settings: Settings) -> None:
    """Write into `target` the state from which a run with `settings` goes on at twice the resolution of `source`'s.

    `settings` must be the source's but for the resolution and what does not shape the networks. Log and snapshots are
    carried over: it stays one history. TrainingError if the two do not fit.
    """
    old_settings, state = read_state(source / "state.pt")
    _check(old_settings, settings)
    torch.manual_seed(settings.seed + settings.generator.resolution)  # of the new layers
    g, d = Generator(settings.generator), Critic(settings.critic)
    ema = copy.deepcopy(g)
    old_g, old_d = Generator(old_settings.generator), Critic(old_settings.critic)
    old_ema = copy.deepcopy(old_g)
    for network, key in ((old_g, "g"), (old_d, "d"), (old_ema, "ema")):
        network.load_state_dict(state[key])
    grow_generator(old_g, g)
    grow_generator(old_ema, ema)
    grow_critic(old_d, d)
    state |= {
        "settings": json.dumps(settings.to_dict()),
        "g": g.state_dict(),
        "d": d.state_dict(),
        "ema": ema.state_dict(),
        "opt_g": carry_moments(state["opt_g"], old_g, g, kept_in_generator),
        "opt_d": carry_moments(state["opt_d"], old_d, d, kept_in_critic),
        "fade": {"since": int(state["step"]) * settings.batch, "stem": old_d.stem.state_dict()},
    }
    target.mkdir(parents=True, exist_ok=True)
    if (source / "log.csv").exists():
        shutil.copy(source / "log.csv", target / "log.csv")
    if (source / "snapshots").exists():
        shutil.copytree(source / "snapshots", target / "snapshots", dirs_exist_ok=True)
    write_whole(target / "settings.json", json.dumps(settings.to_dict(), indent=1))
    with whole(target / "state.pt") as draft:  # the last one: without it, the run has not begun
        torch.save(state, draft)


def _check(old: Settings, new: Settings) -> None:
    want_g = replace(old.generator, resolution=2 * old.generator.resolution, head=new.generator.head)
    want_d = replace(old.critic, resolution=2 * old.critic.resolution)
    heads = "rgb" not in (old.generator.head, new.generator.head) and old.critic.stem == "strided"
    if (new.generator, new.critic) != (want_g, want_d) or not heads:
        raise TrainingError(
            f"A run at {old.generator.resolution} px grows to {want_g.resolution} px with the same widths, "
            "a sub-pixel head and a strided stem; other settings do not fit its layers."
        )
    if new.batch != old.batch:
        raise TrainingError(f"A run that grows keeps its batch of {old.batch}: its pictures are counted in batches.")


# ---- generator ----------------------------------------------------------------------------------------------------


def kept_in_generator(name: str) -> str | None:
    """The name in the larger generator of the smaller one's parameter `name`; None for the head, which is replaced."""
    return None if name.startswith("synthesis.head.") else name


@torch.no_grad()
def grow_generator(old: Generator, new: Generator) -> None:
    """Copy `old` into `new` (of twice its resolution), so that both draw nearly the same picture."""
    _copy(old, new, kept_in_generator)
    head, rgb = old.synthesis.head, new.synthesis.to_rgb[-1]
    rgb.affine.load_state_dict(head.affine.state_dict())
    x, w, picture = _last_maps(old)
    target = F.avg_pool2d(picture, 2).permute(0, 2, 3, 1).flatten(0, 2)  # one colour a position of the maps
    styled = x * (rgb.affine(w) * rgb.style_gain)[:, :, None, None]
    columns = styled.permute(0, 2, 3, 1).flatten(0, 2)
    columns = torch.cat([columns, torch.ones(len(columns), 1)], dim=1)
    fit = torch.linalg.lstsq(columns.double(), target.double()).solution.float()  # (I+1)×C
    rgb.weight.copy_(fit[:-1].t()[:, :, None, None])
    rgb.bias.copy_(fit[-1])
    new.synthesis.head.weight.zero_()
    new.synthesis.head.bias.zero_()


def _last_maps(network: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """The maps that the head reads, the w that styles it, and what it adds to the picture, for some pictures."""
    config, rng = network.config, torch.Generator().manual_seed(0)
    label = None
    if config.num_classes:
        label = torch.eye(config.num_classes)[torch.arange(FIT_PICTURES) % config.num_classes]
    w = network.mapping(torch.randn(FIT_PICTURES, config.z_dim, generator=rng), label)
    kept: list[Tensor] = []
    handle = network.synthesis.head.register_forward_pre_hook(lambda _, args: kept.append(args[0]))
    network.synthesis(w[:, None].expand(-1, config.num_ws, -1))
    handle.remove()
    head = network.synthesis.head
    return kept[0], w, interleave(head(kept[0], w) + head.bias.view(1, -1, 1, 1), config.head == "smooth")


# ---- critic -------------------------------------------------------------------------------------------------------


def kept_in_critic(name: str) -> str | None:
    """The name in the larger critic of the smaller one's parameter `name`; None for the stem, which is replaced."""
    if name.startswith("stem."):
        return None
    if name.startswith("blocks."):
        _, number, rest = name.split(".", 2)
        return f"blocks.{int(number) + 1}.{rest}"
    return name


def grow_critic(old: Critic, new: Critic) -> None:
    """Copy `old`'s blocks into `new` (of twice its resolution); stem and first block of `new` stay as they are."""
    _copy(old, new, kept_in_critic)


# ---- both ---------------------------------------------------------------------------------------------------------


@torch.no_grad()
def _copy(old: nn.Module, new: nn.Module, kept: Callable[[str], str | None]) -> None:
    theirs = new.state_dict()
    for name, value in old.state_dict().items():
        if (name_there := kept(name)) is not None:
            theirs[name_there].copy_(value)


def carry_moments(
    optimiser: dict[str, Any], old: nn.Module, new: nn.Module, kept: Callable[[str], str | None]
) -> dict[str, Any]:
    """An optimiser's saved state for the larger network: moments of what is kept; new parameters begin without."""
    places = {name: i for i, (name, _) in enumerate(new.named_parameters())}
    state = {}
    for i, (name, _) in enumerate(old.named_parameters()):
        name_there = kept(name)
        if name_there is not None and i in optimiser["state"]:
            state[places[name_there]] = optimiser["state"][i]
    (group,) = optimiser["param_groups"]
    return {"state": state, "param_groups": [{**group, "params": list(range(len(places)))}]}
