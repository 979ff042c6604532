"""StyleGAN3 files as NVIDIA's program pickles them, of networks with random weights, and a look into their layers."""

from __future__ import annotations

from pathlib import Path

from generator.formats.reading.content import Persistent

from .build_files import Layer, write_pickle
from .stylegan3_reference import Shape, tree

TINY = Shape(32, c_dim=2, more={"channel_base": 256, "channel_max": 12})
LAYERS = 15  # of every such network with the published number of layers: each is told of once a picture


def write_stylegan3(path: Path, shape: Shape = TINY) -> Path:
    """A pickle that holds the averaged generator and no discriminator."""
    return write_pickle(path, {"G": None, "D": None, "G_ema": _written(tree(shape))})


def _written(module: Persistent) -> Layer:
    children = {name: _written(child) for name, child in module.modules.items() if isinstance(child, Persistent)}
    return Layer(
        module.class_name,
        *module.init_args,
        parameters=module.parameters,
        buffers=module.buffers,
        modules=children,
        **module.init_kwargs,
    )
