"""What a file is that no format reads: the program's name and the way out, for people who do not know their file."""

from __future__ import annotations

import re
from typing import Any

from .reading.content import Content, Inert, Persistent
from .state_dicts import flat_tensors, state_dicts
from .tensorflow import variables

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
