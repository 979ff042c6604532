"""An encoder that learns beside the generator, and the prior that is learnt of its codes.

Half of each batch of generated pictures are reconstructions of the real ones in the batch, through the encoder's code;
the other half are samples through the learned prior (`generator/prior.py`). Both are judged by the critics like every
generated picture. So the generator is told picture by picture what to paint (it need not find that out from a critic
that has seen everything), and what is sampled lies where it was told.

For generator, mapping and encoder, beside the adversarial losses:
- `features`: squared difference of a frozen network's maps at three scales, as in Larsen et al. 2016, each in units of
  the real map's root mean square;
- `low`: squared difference of the pictures averaged over 4×4, which holds colours and places;
- `texture`: how strong detail is, locally, and not where each grain lies: energies of the pictures' bands and of the
  first maps (after the style loss of Gatys et al. 2016, without its correlations). Grain of paper and strokes of a
  brush cannot be told by a code; a squared difference of them asks for their mean, which is smooth;
- `divergence`: what the code says, in nats: of the encoder's Gaussian to the learned prior, and a tenth of that to
  N(0, I), which holds the codes' scale.

The prior learns by maximum likelihood from a bank of all training pictures' codes, drawn with their spread: each step
writes the codes it has made anyway into the bank. Nothing of its loss reaches the generator.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from generator import Generator, GeneratorConfig
from generator.families.stylegan2 import CriticConfig, Encoder, EncoderConfig
from generator.measuring import relative

from .data import Data
from .errors import TrainingError
from .views import Views

LEARNING_RATE = 5e-4  # of encoder and prior
PRIOR_BATCH = 256
FIRST_PRIOR_STEPS = 1500  # when the bank has just been filled: a prior that knows nothing must not be painted from
BANDS = 3  # octaves of detail, from single pixels up
PLACES = 8  # parts of a side in which energies are compared
SOFT = 1e-3  # added to energies: a grain of 1.5 % of the range is as good as none
SCALE_SHARE = 0.1  # of the divergence to N(0, I)
WARM_UP = 100  # steps in which a new encoder's divergence grows to its weight


@dataclass(frozen=True)
class Weights:
    """What each loss counts; all may change within a run."""

    features: float = 1.5
    low: float = 2.0
    texture: float = 1.0
    divergence: float = 0.002

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, bool) or not 0 <= value < math.inf:
                raise TrainingError(f"The weight of {name} must be a number, 0 or above.")


@dataclass(frozen=True)
class Batch:
    """Real pictures N×C×R×R in [−1, 1], their classes N×C (None without), numbers N and which are mirrored, N bool."""

    pictures: Tensor
    label: Tensor | None
    index: Tensor
    mirrored: Tensor


@dataclass(frozen=True)
class Made:
    """Generated pictures of a batch's classes: the first `count` are reconstructions of its first pictures."""

    pictures: Tensor
    count: int
    divergence: Tensor


def encoder_config(config: GeneratorConfig, critic: CriticConfig) -> EncoderConfig:
    """Of the encoder that learns beside such a generator: as wide as the critic, whose layers it has."""
    shape = config.num_classes, config.z_dim, critic.channel_base, critic.channel_max
    return EncoderConfig(config.resolution, *shape, img_channels=config.img_channels)


class Encoding:
    """The encoder, the bank of codes, and how generator, encoder and prior learn from each other."""

    def __init__(
        self, config: GeneratorConfig, critic: CriticConfig, data: Data, seed: int, device: torch.device
    ) -> None:
        if not config.prior_layers:
            raise TrainingError("An encoder needs a generator with a learned prior: prior_layers above 0.")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.encoder = Encoder(encoder_config(config, critic)).to(device)
        self.encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from torch's types
        self.config, self.device = config, device
        self.labels = data.labels
        self.eye = torch.eye(config.num_classes, device=device) if config.num_classes else None
        # Means and logarithms of variances of each training picture and of its mirror image; never encoded yet: NaN.
        self.bank = torch.full((len(data), 2, 2 * config.z_dim), math.nan)
        self.optimizer = torch.optim.Adam(self.encoder.parameters(), LEARNING_RATE, (0.5, 0.99), 1e-8)
        self.prior_optimizer: torch.optim.Adam | None = None
        self.step = 0

    def _optimizer_of_prior(self, g: Generator) -> torch.optim.Adam:
        assert g.mapping.prior is not None
        if self.prior_optimizer is None:
            self.prior_optimizer = torch.optim.Adam(g.mapping.prior.parameters(), LEARNING_RATE, (0.9, 0.99), 1e-8)
        return self.prior_optimizer

    # ---- making pictures ------------------------------------------------------------------------------------------

    def make(
        self,
        g: Generator,
        batch: Batch,
        mixing: float,
        half: bool,
        rng: torch.Generator,
        maps: torch.dtype = torch.float32,
    ) -> Made:
        """Generated pictures with gradients: half of them reconstructions, half samples from the prior."""
        config, total = self.config, len(batch.pictures)
        count = total // 2
        label = [None, None] if batch.label is None else [batch.label[:count], batch.label[count:]]
        mean, spread = self.encoder(batch.pictures[:count].to(maps), label[0], half)
        code = mean + (0.5 * spread).exp() * torch.randn(mean.shape, generator=rng).to(mean)
        self._remember(batch.index[:count], batch.mirrored[:count], mean, spread)
        assert g.mapping.prior is not None
        z = torch.randn(2, total - count, config.z_dim, generator=rng).to(mean)
        with torch.no_grad():
            sampled, other = (g.mapping.prior(noise, label[1]) for noise in z)
        w = g.mapping.of_codes(torch.cat([code, sampled]), batch.label)
        with torch.no_grad():  # tracked for truncation (Karras et al. 2019, appendix B)
            g.w_avg.lerp_(w[count:].mean(dim=0), 0.005)
        ws = w[:, None].expand(-1, config.num_ws, -1)
        mixed = torch.rand(total - count, generator=rng) < mixing
        cut = torch.randint(1, config.num_ws, (total - count,), generator=rng)
        if mixed.any():  # of samples only: a reconstruction has one code
            late = (torch.arange(config.num_ws)[None] >= cut[:, None]) & mixed[:, None]
            second = g.mapping.of_codes(other, label[1])[:, None].expand(-1, config.num_ws, -1)
            rows = torch.where(late[:, :, None].to(w.device), second, ws[count:])
            ws = torch.cat([ws[:count], rows])
        noise = [n.to(w.device) for n in g.synthesis.draw_noise(total, rng)]
        pictures = g.synthesis(ws, noise, half=half, maps=maps)
        return Made(pictures, count, self._divergence(g, code, mean, spread, label[0]))

    def _divergence(self, g: Generator, code: Tensor, mean: Tensor, spread: Tensor, label: Tensor | None) -> Tensor:
        # To the prior, from one draw a picture: log q(code) − log p(code); to N(0, I) in closed form.
        prior = g.mapping.prior
        assert prior is not None
        dims = code.shape[1] * math.log(2 * math.pi)
        log_q = -0.5 * ((code - mean).square() * (-spread).exp() + spread).sum(dim=1) - 0.5 * dims
        learns = [p for p in prior.parameters() if p.requires_grad]  # from the bank; the encoder goes to the prior
        for p in learns:
            p.requires_grad_(False)
        log_p = prior.log_density(code, label)
        for p in learns:
            p.requires_grad_(True)
        plain = 0.5 * (mean.square() + spread.exp() - 1 - spread).sum(dim=1)
        return (log_q - log_p).mean() + SCALE_SHARE * plain.mean()

    # ---- losses ---------------------------------------------------------------------------------------------------

    def losses(self, backbone: Any, batch: Batch, made: Made, views: Views) -> dict[str, Tensor]:
        """By the names of `Weights`: scalars with gradients. The frozen network sees `views` of both pictures."""
        reals, ours = batch.pictures[: made.count], made.pictures[: made.count]
        with torch.no_grad():
            theirs = backbone(views(reals))[:BANDS]
        maps = backbone(views(ours))[:BANDS]
        features = sum(relative(a, b) for a, b in zip(theirs, maps, strict=True))
        texture = detail(reals, ours) + relative(local_rms(theirs[0], 6), local_rms(maps[0], 6))
        return {
            "features": torch.as_tensor(features),
            "low": (F.avg_pool2d(reals, 4) - F.avg_pool2d(ours, 4)).square().mean(),
            "texture": texture,
            "divergence": made.divergence * min(self.step / WARM_UP, 1.0),
        }

    # ---- the prior ------------------------------------------------------------------------------------------------

    def _remember(self, index: Tensor, mirrored: Tensor, mean: Tensor, spread: Tensor) -> None:
        self.bank[index, mirrored.long()] = torch.cat([mean, spread], dim=1).detach().to("cpu", torch.float32)

    @torch.no_grad()
    def fill(self, data: Data, mirror: bool, half: bool) -> None:
        """Encode all training pictures (and their mirror images) into the bank."""
        for index in torch.arange(len(data)).split(64):
            x = data.batch(index).to(self.device).to(memory_format=torch.channels_last).float() / 127.5 - 1
            label = None if self.eye is None else self.eye[self.labels[index].to(self.device)]
            for mirrored in range(1 + mirror):
                found = self.encoder(x.flip(3) if mirrored else x, label, half)
                self._remember(index, torch.full((len(index),), mirrored), *found)

    def learn_prior(self, g: Generator, weights: Tensor, rng: torch.Generator, share: float = 1.0) -> float:
        """One step of the prior on codes from the bank, drawn with the pictures' `weights`; nats a code (NaN for a
        prior that stays as it is)."""
        assert g.mapping.prior is not None
        if not any(p.requires_grad for p in g.mapping.prior.parameters()):
            return math.nan
        optimizer = self._optimizer_of_prior(g)
        index = torch.multinomial(weights, PRIOR_BATCH, replacement=True, generator=rng)
        side = (torch.rand(PRIOR_BATCH, generator=rng) < 0.5).long()
        row = self.bank[index, side]
        known = ~row[:, 0].isnan()
        row, index = row[known].to(self.device), index[known]
        if not len(row):
            return math.nan
        mean, spread = row.chunk(2, dim=1)
        code = mean + (0.5 * spread).exp() * torch.randn(mean.shape, generator=rng).to(mean)
        label = None if self.eye is None else self.eye[self.labels[index].to(self.device)]
        loss = -g.mapping.prior.log_density(code, label).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(g.mapping.prior.parameters(), 10.0)
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * share
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()

    # ---- state ----------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """All that changes."""
        return {
            "encoder": self.encoder.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "prior_optimizer": None if self.prior_optimizer is None else self.prior_optimizer.state_dict(),
            "bank": self.bank,
            "step": self.step,
        }

    def load(self, g: Generator, state: dict[str, Any]) -> None:
        """Go on from a `state`."""
        self.encoder.load_state_dict(state["encoder"])
        self.optimizer.load_state_dict(state["optimizer"])
        if state["prior_optimizer"] is not None:
            self._optimizer_of_prior(g).load_state_dict(state["prior_optimizer"])
        self.bank.copy_(state["bank"])
        self.step = int(state["step"])


def local_rms(x: Tensor, places: int) -> Tensor:
    """Root mean square of each channel in each of places×places parts: N×C×H×W → N×C×places×places."""
    return (F.adaptive_avg_pool2d(x.square(), places) + 1e-6).sqrt()


def bands(x: Tensor) -> list[Tensor]:
    """A Laplacian pyramid (Burt & Adelson 1983): what each octave adds to the next coarser one, finest first."""
    found = []
    for _ in range(BANDS):
        small = F.avg_pool2d(x, 2)
        found.append(x - F.interpolate(small, scale_factor=2, mode="bilinear"))
        x = small
    return found


def detail(real: Tensor, ours: Tensor) -> Tensor:
    """Mean difference of the logarithms of local energies, over the bands of two sets of pictures N×C×H×W."""

    def energies(band: Tensor) -> Tensor:
        return (F.adaptive_avg_pool2d(band.square(), PLACES) + SOFT).log()

    pairs = zip(bands(real), bands(ours), strict=True)
    return torch.stack([(energies(a) - energies(b)).abs().mean() for a, b in pairs]).mean()
