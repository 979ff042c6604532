"""Networks in the pickles of NVIDIA's TensorFlow programs (dnnlib.tflib), read as data.

Such a file is a tuple of three networks (G, D, and Gs, the average of G), a dictionary of them, or one of them. Each is
a list of variables by name, its components (mapping, synthesis), the arguments it was built with, and its source, which
nobody runs here.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .reading.content import Inert

NETWORK = ("dnnlib.tflib.network", "Network")
DEPTH = 4  # components in components: a generator has one level
Variables = dict[str, Tensor]


def networks(root: Any) -> list[Inert]:
    """Every network in a file, in its order."""
    found = root if isinstance(root, (tuple, list)) else root.values() if isinstance(root, dict) else [root]
    return [one for one in found if isinstance(one, Inert) and (one.module, one.name) == NETWORK]


def variables(network: Inert, prefix: str = "", depth: int = DEPTH) -> Variables:
    """All variables by their names, those of components after the component's. A single number is a tensor, too."""
    own = network.state.get("variables")
    found: Variables = {}
    for pair in own if isinstance(own, list) else []:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            continue
        name, value = pair
        if type(value) in (float, int):  # as a session gives variables without axes
            value = torch.tensor(float(value))
        if isinstance(value, Tensor):
            found[f"{prefix}{name}"] = value
    parts = network.state.get("components")
    for name, part in parts.items() if isinstance(parts, dict) and depth else ():
        if isinstance(part, Inert):
            found |= variables(part, f"{prefix}{name}/", depth - 1)
    return found


def argument(network: Inert, name: str, default: Any) -> Any:
    """What a network was built with under that name; `default` where it does not say."""
    given = network.state.get("static_kwargs")
    return given.get(name, default) if isinstance(given, dict) else default


def within(tensor: Tensor, axes: int) -> Tensor:
    """Without its leading axes of one; of any other shape as it is, which is then refused for its shape."""
    for _ in range(axes):
        tensor = tensor[0] if tensor.ndim and tensor.shape[0] == 1 else tensor
    return tensor
