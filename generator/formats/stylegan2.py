"""What the StyleGAN2 formats share: foreign tensors under the names of the project's own networks, and a model of them.

Every format stores the same parameters (Karras et al. 2020, arXiv:1912.04958) with the same equalised learning rates;
they differ in names, in dimensions of one, and in what they leave to be inferred from the tensors' shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator.config import Config
from generator.families.stylegan2.config import CriticConfig, GeneratorConfig
from generator.families.stylegan2.engine import lay_out_all
from generator.families.stylegan2.family import StyleGAN2
from generator.families.stylegan2.networks import Critic, Generator
from generator.family import Averages
from generator.model import Model
from generator.weights import Undrawn

from ..errors import CheckpointError
from .critics import if_it_opens
from .naming import model_name, numbered_classes, unknown_provenance
from .reading.content import Content

AVERAGED = 4096  # draws of w for an average that the file does not hold, as rosinality's programs take
_C = TypeVar("_C", bound=Config)


class Renaming:
    """The tensors of one foreign network, taken one by one under the names of `Generator` or `Critic`.

    Nothing is copied unless it must be converted: a file of 350 MB is not to fill the memory twice. `what` begins
    the sentence of every CheckpointError, such as "The generator in cats.pkl".
    """

    def __init__(self, tensors: dict[str, Tensor], what: str) -> None:
        self.theirs, self.what = tensors, what
        self.ours: dict[str, Tensor] = {}
        self._names: dict[str, str] = {}  # ours → theirs, for the sentences
        self._left = dict.fromkeys(tensors)

    def __contains__(self, name: str) -> bool:
        return name in self.theirs

    def numbers(self, pattern: str) -> list[int]:
        """The numbers n, rising, for which the tensor `pattern` with n in place of {} is there."""
        before, _, after = pattern.partition("{}")
        middles = [n[len(before) : len(n) - len(after)] for n in self.theirs if n.startswith(before)]
        names = {int(m) for m in middles if m.isascii() and m.isdigit() and len(m) < 6}
        return sorted(n for n in names if pattern.format(n) in self.theirs)

    def shape(self, name: str, dimensions: int) -> Sequence[int]:
        """The shape of a tensor that must be there, with so many dimensions and nothing empty."""
        if name not in self.theirs:
            raise CheckpointError(f"{self.what} lacks the tensor {name}.")
        shape = self.theirs[name].shape
        if len(shape) != dimensions or 0 in shape:
            raise CheckpointError(f"{self.what} has a tensor {name} of the shape {_words(shape)}, which does not fit.")
        return shape

    def take(self, ours: str, name: str, scale: float = 1.0, shape: Sequence[int] | None = None) -> None:
        """Rename a tensor, as float32; `scale` multiplies it, `shape` is its new one, of as many numbers."""
        if name not in self.theirs:
            raise CheckpointError(f"{self.what} lacks the tensor {name}.")
        tensor = self.theirs[name].detach()
        if not tensor.is_floating_point():
            raise CheckpointError(f"{self.what} holds whole numbers in {name}, where others belong.")
        tensor = tensor.float()
        if not torch.isfinite(tensor).all():
            raise CheckpointError(f"{self.what} holds numbers that are not finite, in {name}.")
        if shape is not None:
            numbers = torch.Size(shape).numel()
            if tensor.numel() != numbers:
                raise CheckpointError(f"{self.what} has a tensor {name} of {tensor.numel()} numbers, not {numbers}.")
            tensor = tensor.reshape(tuple(shape))
        self.ours[ours] = tensor * scale if abs(scale - 1.0) > 1e-9 else tensor
        self._names[ours] = name
        self._left.pop(name, None)

    def put(self, ours: str, tensor: Tensor) -> None:
        """A tensor that the file does not hold."""
        self.ours[ours], self._names[ours] = tensor, ours

    def skip(self, names: Iterable[str]) -> None:
        """Leave tensors that take no part in a picture."""
        for name in names:
            self._left.pop(name, None)

    def skip_filters(self, ending: str) -> None:
        """Leave the low-pass filters under names with this ending, once seen to be [1, 3, 3, 1] both ways."""
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
        for name in [name for name in self._left if name.endswith(ending)]:
            kernel = self.theirs[name].float()
            total = float(kernel.sum()) if kernel.numel() == 16 else 0.0
            if kernel.shape != (4, 4) or not total or not torch.allclose(kernel / total, torch.outer(taps, taps) / 64):
                raise CheckpointError(f"{self.what} resamples with another filter than [1, 3, 3, 1], in {name}.")
            self._left.pop(name)

    def configure(self, kind: type[_C], **values: object) -> _C:
        """A configuration of these values; CheckpointError, with the network's name, where they are out of range."""
        try:
            return kind.from_dict(values)
        except CheckpointError as error:
            raise CheckpointError(f"{self.what} is not one that this program can hold: {error}") from None

    def fill(self, network: nn.Module) -> None:
        """Put the tensors in place of a network's own; all must fit and none be left over (CheckpointError)."""
        if self._left:
            raise CheckpointError(f"{self.what} has a tensor {next(iter(self._left))} that StyleGAN2 does not have.")
        wanted = network.state_dict()
        for ours, tensor in wanted.items():
            if ours not in self.ours:
                raise CheckpointError(f"{self.what} lacks the tensor that this program calls {ours}.")
            if (found := self.ours[ours].shape) != tensor.shape:
                raise CheckpointError(
                    f"{self.what} has a tensor {self._names[ours]} of the shape {_words(found)}, "
                    f"where {_words(tensor.shape)} belongs."
                )
        if surplus := [ours for ours in self.ours if ours not in wanted]:
            shape = _words(self.ours[surplus[0]].shape)
            raise CheckpointError(
                f"{self.what} has a tensor {self._names[surplus[0]]} of the shape {shape} that does not belong to a "
                "network of its other tensors' shapes."
            )
        network.load_state_dict(self.ours, assign=True)


def check_start(names: Renaming, constant: str) -> None:
    """CheckpointError for a learnt constant that is not 4×4: so forks begin pictures that are not square."""
    if constant in names and names.theirs[constant].ndim >= 3:
        height, width = names.theirs[constant].shape[-2:]
        if (height, width) != (4, 4):
            kind = "of an unusual size" if height == width else "that are not square"
            raise CheckpointError(
                f"{names.what} is a fork's of StyleGAN2: it begins with a map of {width}×{height} and so paints "
                f"pictures {kind}, which only its own program shows; one that begins with 4×4 would open."
            )


def make_generator(config: GeneratorConfig, names: Renaming) -> Generator:
    """The generator of these tensors; w_avg is drawn if the file holds none."""
    if drawn := "w_avg" not in names.ours:
        names.put("w_avg", torch.zeros(config.w_dim))
    with Undrawn():
        network = Generator(config)
    names.fill(network)
    if drawn:
        network.w_avg.copy_(average_w(network))
    lay_out_all(network.synthesis)
    return network


def make_critic(config: CriticConfig, names: Renaming) -> Critic:
    """The discriminator of these tensors."""
    with Undrawn():
        network = Critic(config)
    names.fill(network)
    return network


@torch.no_grad()
def average_w(generator: Generator) -> Tensor:
    """The mean of w over `AVERAGED` latents of a fixed seed, classes in turn: [w_dim]."""
    config, rng = generator.config, torch.Generator().manual_seed(0)
    z = torch.randn(AVERAGED, config.z_dim, generator=rng)
    label = None
    if config.num_classes:
        label = F.one_hot(torch.arange(AVERAGED) % config.num_classes, config.num_classes).float()
    return generator.mapping(z, label).mean(dim=0)


def make_model(
    path: Path, title: str, generator: Generator, read_critic: Callable[[], Critic | None], asked: Content | None
) -> Model:
    """A model of a foreign file's networks, in float32.

    `read_critic` gives the discriminator, from the file `asked` if there is one; beside the generator it may also be
    one that does not open, which the model's notes then say.

    Its pictures and logits stay in float32 until the caller asks for something else (`Model.probe`, `Model.use`):
    opened as it is, a foreign file gives the numbers of the program that wrote it. Truncation pulls to the one average
    of all w, as that program has it: there are none for each class.
    """
    config = generator.config

    def fitting() -> Critic | None:
        critic = read_critic()
        if critic is not None:
            theirs = (critic.config.resolution, critic.config.num_classes, critic.config.img_channels)
            if theirs != (config.resolution, config.num_classes, config.img_channels):
                raise CheckpointError(
                    f"The discriminator for {path.name} judges other pictures (resolution, classes or colours differ)."
                )
        return critic

    critic, notes = if_it_opens(asked, fitting)
    return Model(
        name=model_name(path),
        version="1",
        family=StyleGAN2(generator, critic),
        classes=numbered_classes(config.num_classes),
        averages=Averages(generator.w_avg, None),
        directions=(),
        calibration=None,
        provenance=unknown_provenance(path, title, notes),
        precision="fp32",
    )


def _words(shape: Iterable[int]) -> str:
    return "×".join(str(n) for n in shape) or "a single number"
