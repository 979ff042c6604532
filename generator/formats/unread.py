"""What a file is that no format reads: the program's or network's name and the way out, for people who do not know
their file."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from torch import Tensor

from .reading.content import Content, Inert, Persistent
from .state_dicts import flat_tensors, state_dicts
from .tensorflow import variables

OPTIMISERS = re.compile(r"Adam\w*|SGD|RMSprop|Adagrad|Lion|Optimizer", re.IGNORECASE)
OF_CODES = re.compile(
    r"(^|[._])(mu|mean|log_?var|z_?mean|z_?log_?var|quant_conv|fc2[12]|fc_?(mu|var))\.weight$", re.MULTILINE
)
BOTH_ENDS = (re.compile(r"(^|\.)enc(oder)?\d*\.", re.MULTILINE), re.compile(r"(^|\.)dec(oder)?\d*\.", re.MULTILINE))
SMALLEST = 64  # numbers of a picture, as dense layers read it
MOST_OPTIMISERS = 16
MOST_NAMES = 20_000  # of a file's tensors that are looked at
OPEN_IT_THERE = "only its own program opens it"

# Names of tensors and classes, one a line: what they belong to, and what can be done.
PROGRAMS: tuple[tuple[str, str, str], ...] = (
    (r"\biwt\.|\bdwt\.", "a SWAGAN, which draws wavelets", "StyleGAN2 without the wavelets would open"),
    (r"\bbackbone\.synthesis\.", "an EG3D, which draws in three dimensions", OPEN_IT_THERE),
    (r"\bstylegan_decoder\.", "a face restorer (GFPGAN) round a StyleGAN2", "it repairs pictures and paints none"),
    (r"\bquantize\.embedding\.", "a VQGAN, which repeats pictures and draws none by itself", OPEN_IT_THERE),
    (r"\bdiffusion_model\.|\blora_(up|down|A|B)\b|\bdown_blocks\.\d+\.resnets\.", "a diffusion model, or a LoRA of one",
     "this program shows GANs"),
    (r"\brdb1\.|\bRRDB_trunk\.", "an enlarger (ESRGAN)", "it enlarges pictures and paints none"),
    (r"\bmodel\.\d+\.conv_block\.|\bmodel\.model\.1\.model\.", "a network from picture to picture (CycleGAN, pix2pix)",
     "it paints over pictures and has no seed"),
    (r"^tensorflow network$", "a network of another kind for TensorFlow", "StyleGAN's and StyleGAN2's would open"),
)  # fmt: skip


def program_of(content: Content) -> str:
    """A clause such as "a StyleGAN-XL, which this program does not read: …"; "" for what nobody here knows."""
    names = "\n".join(_names(content))
    for pattern, what, way_out in PROGRAMS:
        if re.search(pattern, names, re.MULTILINE):
            return f"{what}, which this program does not read: {way_out}"
    return ""


def network_of(content: Content) -> str:
    """A clause such as "seems to be a discriminator, …: open …", by what its layers take and give; "" if that says
    nothing."""
    if _is_optimiser(content.root):
        return "is an optimiser's state, which a training goes on from: open the file with the generator's weights"
    if isinstance(content.root, (list, tuple)) and content.root and all(isinstance(p, Tensor) for p in content.root):
        return "is a list of tensors without their names, so nothing says what they are: save the state_dict() instead"
    for _, tensors in state_dicts(content.root):
        if what := repeats(tensors):
            return f"seems to be {what}, which learns to repeat pictures and has no critic: open a GAN's generator"
        if not (reads := _reads(tensors)):
            continue
        if reads[1] == 1:
            return (
                f"seems to be a discriminator: it reads pictures{reads[0]} and gives one number. Open its generator's "
                "file, and give this one beside it"
            )
        return (
            f"seems to be a classifier, which reads pictures{reads[0]} and gives {reads[1]:,} numbers: open a generator"
        )
    return ""


def repeats(tensors: Iterable[str]) -> str:
    """What a network with tensors of these names is, if it has learnt to repeat what it is given; "" if not."""
    names = "\n".join(tensors)
    if OF_CODES.search(names):
        return "a variational autoencoder"
    return "an autoencoder" if all(end.search(names) for end in BOTH_ENDS) else ""


def _reads(tensors: dict[str, Tensor]) -> tuple[str, int] | None:
    """What sort of pictures a network reads, in words, and how many numbers it gives; None if it reads none, or may
    give pictures, too."""
    weights = [t for n, t in tensors.items() if t.ndim in (2, 4) and n.endswith(("weight", "weight_orig"))]
    if len(weights) < 2 or min(min(each.shape) for each in weights) < 1:
        return None
    first, last = weights[0], weights[-1]
    gives, takes = last.shape[0], first.shape[1]
    if last.ndim == 4 and (gives != 1 or last.shape[2] < 4):  # with less it may be one more map
        return None
    if first.ndim == 4:
        return (" in grey" if takes == 1 else " in colour", gives) if takes in (1, 3) else None
    colours = next((c for c in (1, 3) if takes >= SMALLEST and _square(takes, c)), 0)
    dwindles = takes > first.shape[0] and gives < takes // 2
    return (f" of {math.isqrt(takes // colours)} pixels", gives) if colours and dwindles else None


def _square(numbers: int, colours: int) -> bool:
    return numbers % colours == 0 and math.isqrt(numbers // colours) ** 2 * colours == numbers


def _is_optimiser(root: Any) -> bool:
    """Whether there is nothing but what optimisers keep."""
    if isinstance(root, Inert):
        return bool(OPTIMISERS.fullmatch(root.name)) or "param_groups" in root.state
    if isinstance(root, dict) and {"state", "param_groups"} <= set(root):
        return True
    parts = list(root.values()) if isinstance(root, dict) else list(root) if isinstance(root, (list, tuple)) else []
    own = [part for part in parts if isinstance(part, (dict, list, tuple, Inert))]
    return 0 < len(own) <= MOST_OPTIMISERS and all(_is_optimiser(part) for part in own)


def _names(content: Content) -> list[str]:
    """Classes at the root and below it, and tensors by their whole names."""
    root: Any = content.root
    parts = list(root.values()) if isinstance(root, dict) else list(root) if isinstance(root, (list, tuple)) else [root]
    names: list[str] = []
    for part in parts:
        if isinstance(part, Persistent):
            names += [part.class_name, *part.tensors()]
        elif isinstance(part, Inert):
            names += [part.name, *_of_tensorflow(part)]
    names += flat_tensors(root)
    names += [name for _, tensors in state_dicts(root) for name in tensors]
    return names[:MOST_NAMES]


def _of_tensorflow(part: Inert) -> list[str]:
    if not part.module.startswith(("dnnlib.tflib", "tfutil")):
        return []
    found = variables(part)
    if any(name.endswith(("/mod_weight", "/StyleMod/weight")) for name in found):  # StyleGAN2's and StyleGAN's: read
        return []
    return [f"tensorflow {name}" for name in (*found, "network")]
