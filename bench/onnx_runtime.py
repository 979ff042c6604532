"""The same networks in ONNX Runtime, in float32, for one picture at a time."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import onnxruntime
import torch
from torch import Tensor, nn

from generator import Critic, Generator


class _Alone(nn.Module):
    """The critic with each picture in a group of its own."""

    def __init__(self, critic: Critic) -> None:
        super().__init__()
        self.critic = critic

    def forward(self, images: Tensor) -> Tensor:
        """1×C×H×W → 1 logit."""
        logit: Tensor = self.critic(images, None, 1)
        return logit


class _Picture(nn.Module):
    """The generator without classes."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, z: Tensor) -> Tensor:
        """1×z_dim → 1×C×H×W."""
        picture: Tensor = self.generator(z, None)
        return picture


def in_onnx_runtime(network: Generator | Critic, example: Tensor, threads: int) -> Callable[[Tensor], Tensor]:
    """The network as torch exports it, run by ONNX Runtime with all of its optimisations.

    Exported is the trainable form (modulation on the feature maps, transposed convolutions), which does less than the
    plain one. `example`: an input of batch 1, whose shape is fixed from here on.
    """
    module = _Alone(network) if isinstance(network, Critic) else _Picture(network)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "network.onnx"
        torch.onnx.export(module.eval(), (example,), path, dynamo=True, verbose=False)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(x: Tensor) -> Tensor:
        return torch.from_numpy(session.run(None, {name: x.numpy()})[0])

    return run
