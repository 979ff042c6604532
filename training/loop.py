"""The training loop: adversarial loss, lazy R1, EMA, DiffAugment, log-spaced snapshots, exact resume.

Every random draw comes from a generator seeded by (run seed, step), so a run that is killed and resumed makes the
same pictures, bit for bit, as one that was not (on the CPU).
"""

from __future__ import annotations

import copy
import json
import math
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from generator.families.stylegan2 import Critic, Generator
from generator.storage import write_whole

from .augment import adapt, augment
from .data import Data
from .encoding import FIRST_PRIOR_STEPS, Batch, Encoding, Made
from .encoding import LEARNING_RATE as ENCODER_RATE
from .errors import TrainingError
from .fade import Fade
from .groups import ClassGroups
from .log import Log
from .losses import LOSSES
from .machine import machine
from .matching import Matching
from .projected import SIDE, Backbone, ProjectedCritic
from .settings import KEPT_ENCODER, Settings, read_state, snapshot_points
from .views import Views

ADAPT_EVERY = 4  # steps, as in ADA


def favoured(weights: Tensor, classes: tuple[str, ...], factors: dict[str, float]) -> Tensor:
    """Sampling weights of classes, those named in `factors` so many times as likely beside the others; sum 1."""
    if unknown := [name for name in factors if name not in classes]:
        raise TrainingError(f"There is no class {unknown[0]!r} to favour; there are {', '.join(classes) or 'none'}.")
    weights = weights * torch.tensor([factors.get(name, 1.0) for name in classes or ("",)], dtype=weights.dtype)
    return weights / weights.sum()


def generator_for(*key: int) -> torch.Generator:
    """A CPU generator whose stream depends on all the numbers of `key` (and on their order)."""
    seed = 0
    for part in key:
        seed = (seed * 1_000_003 + part + 0x9E3779B9) % (1 << 63)
    return torch.Generator().manual_seed(seed)


class Trainer:
    """One run in one folder: state.pt (resume), log.csv, settings.json, snapshots/, sheets/."""

    def __init__(self, settings: Settings, data: Data, folder: Path, device: str = "cpu") -> None:
        self.settings, self.data, self.folder, self.device = settings, data, folder, torch.device(device)
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(settings.seed)  # initial weights only
        self.g = Generator(settings.generator).to(self.device)
        self.d = Critic(settings.critic).to(self.device)
        for network in (self.g, self.d):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from torch's types
        self.ema = copy.deepcopy(self.g).requires_grad_(False).eval()
        # Lazy regularisation: Adam's constants are corrected for the extra steps (Karras et al. 2020, appendix B).
        c = settings.r1_every / (settings.r1_every + 1)
        self.rates = settings.learning_rate, settings.learning_rate * c
        self.opt_g = torch.optim.Adam(self.g.parameters(), self.rates[0], (0.0, 0.99), 1e-8)
        self.opt_d = torch.optim.Adam(self.d.parameters(), self.rates[1], (0.0, 0.99**c), 1e-8)
        self.step = 0
        self.seconds = 0.0
        self.probability = settings.augment_start  # of each augmentation
        self.sureness: list[float] = []  # mean signs of the critic's logits on real pictures since the last change
        self.projected: ProjectedCritic | None = None
        if settings.projected:
            self.projected = ProjectedCritic(
                len(data.classes), settings.policy, settings.seed, self.device, settings.maps, settings.parts
            )
        self.encoding: Encoding | None = None
        if settings.encoder:
            self.encoding = Encoding(settings.generator, settings.critic, data, settings.seed, self.device)
        matched = settings.match > 0 or settings.recognise > 0
        if settings.encoder or matched:
            self.backbone = self.projected.backbone if self.projected else Backbone(settings.maps).to(self.device)
        self._keep(settings.keep)
        self.fade: Fade | None = None  # while the layers of a critic that has grown are faded in
        self.interrupted = False  # set from outside (a signal) to save and leave after the current step
        self.class_weights = favoured(data.class_weights(), data.classes, settings.favour)
        self.weights = data.picture_weights(self.class_weights)
        self.groups: ClassGroups | None = None
        if settings.class_groups:
            self.groups = ClassGroups(data.labels, self.class_weights, settings.critic.mbstd_group)
        self.eye = torch.eye(max(len(data.classes), 1), device=self.device)
        self.matching: Matching | None = None
        self._matched: dict[str, Any] | None = None  # what a run knows that does not match now
        if matched and self._generator_learns:
            self.matching = Matching(self.backbone, data, self.weights, settings.mirror, self.device)
        self.log = Log(folder / "log.csv", self.encoding is not None, self.projected is not None, matched)
        self._resume()
        self.log.begin(self.pictures, self.seconds)

    def _keep(self, beginnings: tuple[str, ...]) -> None:
        critics = {f"critic.{name}": parameter for name, parameter in self.d.named_parameters()}
        encoders = self.encoding.encoder.named_parameters() if self.encoding else ()
        encoder = {f"{KEPT_ENCODER}.{name}": parameter for name, parameter in encoders}
        known = critics | encoder | dict(self.g.named_parameters())
        for start in beginnings:
            if not any(name.startswith(start) for name in known):
                raise TrainingError(f"No tensor begins with {start!r}: there is nothing to keep.")
        for name, parameter in known.items():
            parameter.requires_grad_(not name.startswith(beginnings))  # optimisers leave out what has no gradient
        self._critic_learns = [parameter for parameter in critics.values() if parameter.requires_grad]
        self._generator_learns = any(parameter.requires_grad for parameter in self.g.parameters())
        if not self._generator_learns and any(parameter.requires_grad for parameter in encoder.values()):
            raise TrainingError("An encoder learns with its generator: keep it, too.")

    def begin_encoding(self) -> None:
        """Before an encoder's first step: encode every training picture and teach the prior what has come out."""
        if self.encoding is None or not bool(self.encoding.bank.isnan().all()):
            return
        self.encoding.fill(self.data, self.settings.mirror, self.settings.half)
        for number in range(FIRST_PRIOR_STEPS):
            self.encoding.learn_prior(self.g, self.weights, generator_for(self.settings.seed, 5, number))
        self.ema.mapping.load_state_dict(self.g.mapping.state_dict())

    @property
    def pictures(self) -> int:
        """Real pictures shown to the critic so far."""
        return self.step * self.settings.batch

    # ---- one step -------------------------------------------------------------------------------------------------

    def _label(self, index: Tensor) -> Tensor | None:
        return self.eye[index.to(self.device)] if self.data.classes else None

    def _reals(self, rng: torch.Generator) -> Batch:
        s = self.settings
        if self.groups:
            index = self.groups.pictures(self.groups.classes(s.batch, rng), rng)
        else:
            index = torch.multinomial(self.weights, s.batch, replacement=True, generator=rng)
        x = self.data.batch(index).to(self.device)
        x = x.to(memory_format=torch.channels_last).float() / 127.5 - 1
        flip = torch.zeros(s.batch, 1, 1, 1, dtype=torch.bool)
        if s.mirror:
            flip = torch.rand(s.batch, 1, 1, 1, generator=rng) < 0.5
            x = torch.where(flip.to(self.device), x.flip(3), x)
        return Batch(x, self._label(self.data.labels[index]), index, flip.flatten())

    def _fakes(self, rng: torch.Generator, like: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Generated pictures with gradients, and their labels: `like` those given, or drawn."""
        s, c = self.settings, self.settings.generator
        z = torch.randn(2, s.batch, c.z_dim, generator=rng).to(self.device)
        label = like
        if label is None and self.groups:
            label = self._label(self.groups.classes(s.batch, rng))
        elif label is None:
            label = self._label(torch.multinomial(self.class_weights, s.batch, replacement=True, generator=rng))
        w = self.g.mapping(z[0], label)
        with torch.no_grad():  # tracked for truncation (Karras et al. 2019, appendix B)
            self.g.w_avg.lerp_(w.mean(dim=0), 0.005)
        ws = w[:, None].expand(-1, c.num_ws, -1)
        mixed = torch.rand(s.batch, generator=rng) < s.style_mixing
        cut = torch.randint(1, c.num_ws, (s.batch,), generator=rng)
        cut = torch.where(mixed, cut, torch.full_like(cut, c.num_ws))
        if mixed.any():
            late = torch.arange(c.num_ws)[None] >= cut[:, None]  # N×num_ws
            other = self.g.mapping(z[1], label)[:, None].expand(-1, c.num_ws, -1)
            ws = torch.where(late[:, :, None].to(self.device), other, ws)
        noise = [n.to(self.device) for n in self.g.synthesis.draw_noise(s.batch, rng)]
        return self.g.synthesis(ws, noise, s.half, s.maps), label

    def _wrong_label(self, label: Tensor | None, rng: torch.Generator) -> Tensor:
        """Another class for each picture, all others alike likely; pictures of one class keep sharing one."""
        assert label is not None
        number = len(self.data.classes)
        shift = torch.randint(1, number, (number,), generator=rng)
        index = label.argmax(dim=1).cpu()
        return self.eye[((index + shift[index]) % number).to(self.device)]

    def _judge(self, pictures: Tensor, label: Tensor | None, half: bool | None = None) -> Tensor:
        s = self.settings
        return self.d(pictures.to(s.maps), label, half=s.half if half is None else half)

    def train_step(self) -> dict[str, float]:
        """One batch for the critic and the generator; returns the step's losses and mean logits."""
        s = self.settings
        if self.fade and not self.fade.update(self.pictures):
            self.fade = None
        for optimiser, rate in zip((self.opt_g, self.opt_d), self.rates, strict=True):
            optimiser.param_groups[0]["lr"] = rate * s.rate_share(self.pictures) * self._warmth(optimiser)
        rng = generator_for(s.seed, 1, self.step)
        lazy = self.step % s.r1_every == 0
        loss = LOSSES[s.loss]
        batch = self._reals(rng)
        reals, real_label = batch.pictures, batch.label
        like = real_label if loss.paired else None
        made: Made | None = None
        if self.encoding:
            # Made once for both networks' steps: half of them are told what to be, so they cannot run away.
            made = self.encoding.make(self.g, batch, s.style_mixing, s.half, rng, s.maps)
            fakes, fake_label = made.pictures.detach(), real_label
        else:
            with torch.no_grad():
                fakes, fake_label = self._fakes(rng, like)

        for parameter in self._critic_learns:
            parameter.requires_grad_(True)
        real_logits = self._judge(augment(reals, s.policy, rng, self.probability), real_label)
        fake_logits = self._judge(augment(fakes, s.policy, rng, self.probability), fake_label)
        loss_d = loss.critic(real_logits, fake_logits)
        if s.mismatch:
            # A critic that must tell wrong classes looks at the class from the first step (Reed et al. 2016, §4.1).
            wrong = self._wrong_label(real_label, generator_for(s.seed, 3, self.step))
            logits = self._judge(augment(reals, s.policy, rng, self.probability), wrong)
            loss_d = loss_d + s.mismatch * loss.mismatched(real_logits, logits)
        self.opt_d.zero_grad(set_to_none=True)
        loss_d.backward()
        self.opt_d.step()

        penalty = math.nan
        if lazy:
            # R1 (Mescheder et al. 2018): the critic's gradient on real pictures, every few steps, weighted up.
            x = augment(reals, s.policy, rng, self.probability).detach().requires_grad_(True)
            (gradient,) = torch.autograd.grad(self._judge(x, real_label, s.half_maps).sum(), x, create_graph=True)
            r1 = penalised = gradient.square().sum(dim=(1, 2, 3)).mean()
            if loss.paired:  # R2: the same on generated pictures, without which this loss need not converge
                x = augment(fakes, s.policy, rng, self.probability).detach().requires_grad_(True)
                (gradient,) = torch.autograd.grad(self._judge(x, fake_label, s.half_maps).sum(), x, create_graph=True)
                penalised = r1 + gradient.square().sum(dim=(1, 2, 3)).mean()
            self.opt_d.zero_grad(set_to_none=True)
            (penalised * (s.r1_gamma / 2 * s.r1_every)).backward()
            self.opt_d.step()
            penalty = r1.item()

        taught = {"loss_g": math.nan}  # where the critic learns alone
        if self._generator_learns:
            taught = self._teach_generator(batch, made, real_logits, rng)

        self.step += 1
        self._update_ema()
        self.sureness.append(real_logits.detach().sign().mean().item())
        sureness, probability = self.sureness[-1], self.probability
        if self.step % ADAPT_EVERY == 0:
            mean = sum(self.sureness) / len(self.sureness)
            self.probability = adapt(probability, mean, s.ada_target, s.batch * ADAPT_EVERY / s.ada_pictures)
            self.sureness.clear()
        if not math.isfinite(loss_d.item() + (taught["loss_g"] if self._generator_learns else 0.0)):
            raise TrainingError(f"The losses are no longer finite at picture {self.pictures}.")
        return {
            "loss_d": loss_d.item(),
            "real": real_logits.mean().item(),
            "fake": fake_logits.mean().item(),
            "r1": penalty,
            "sureness": sureness,
            "augment": probability,
            **taught,
        }

    def _teach_generator(
        self, batch: Batch, made: Made | None, real_logits: Tensor, rng: torch.Generator
    ) -> dict[str, float]:
        """The generator's half of a step, and the encoder's; returns its losses."""
        s = self.settings
        loss = LOSSES[s.loss]
        reals, real_label = batch.pictures, batch.label
        fake_label = real_label
        # The generator's step draws pictures anew: the critic has just learnt the others.
        self.d.requires_grad_(False)
        if made:
            fakes = made.pictures
        else:
            fakes, fake_label = self._fakes(rng, real_label if loss.paired else None)
        logits = self._judge(augment(fakes, s.policy, rng, self.probability), fake_label)
        loss_g = loss.generator(real_logits.detach(), logits)  # the real ones as they were a moment ago: saves a pass
        self.opt_g.zero_grad(set_to_none=True)
        beside: dict[str, float] = {}
        total = loss_g
        if self.encoding and made:
            self.encoding.optimizer.zero_grad(set_to_none=True)
            views = Views.draw(made.count, fakes.shape, SIDE, s.parts, generator_for(s.seed, 6, self.step))
            told = self.encoding.losses(self.backbone, batch, made, views)
            total = total + sum(getattr(s.encoder, name) * value for name, value in told.items())
            beside.update({name: value.item() for name, value in told.items()})
        if self.matching:
            samples = slice(made.count if made else 0, None)  # a reconstruction is told what to be
            theirs = None if fake_label is None else fake_label[samples]
            way, wrong = self.matching.losses(fakes[samples], theirs, generator_for(s.seed, 7, self.step))
            total = total + s.match * way + s.recognise * wrong
            beside.update(match=way.item(), recognise=wrong.item())
        if self.projected:
            rng = generator_for(s.seed, 2, self.step)  # the plain critic's draws stay as they are without this one
            loss_p, seen = self.projected.generated(fakes, fake_label, rng)
            (total + loss_p * (s.projected * self.projected.warmth)).backward()
            beside["projected_g"] = loss_p.item()
            beside["projected_d"] = self.projected.learn(reals, real_label, seen, fake_label, rng)
        else:
            total.backward()
        self.opt_g.step()
        if self.encoding:
            share = s.rate_share(self.pictures) * self._warmth(self.encoding.optimizer)
            self.encoding.optimizer.param_groups[0]["lr"] = ENCODER_RATE * share
            self.encoding.optimizer.step()
            rng = generator_for(s.seed, 4, self.step)
            beside["prior"] = self.encoding.learn_prior(self.g, self.weights, rng, share)
            self.encoding.step += 1
        return {"loss_g": loss_g.item(), **beside}

    def _warmth(self, optimiser: torch.optim.Optimizer) -> float:
        # What of the learning rate is used: Adam's second moments say little in their first steps.
        if not self.settings.warm_up:
            return 1.0
        taken = next((int(state["step"]) for state in optimiser.state.values()), 0)
        return min((taken + 1) / self.settings.warm_up, 1.0)

    @torch.no_grad()
    def _update_ema(self) -> None:
        s = self.settings
        halflife = min(s.ema_pictures, max(self.pictures * s.ema_rampup, 1.0))
        beta = 0.5 ** (s.batch / halflife)
        ours: list[Tensor] = list(self.ema.parameters())
        theirs: list[Tensor] = list(self.g.parameters())
        torch._foreach_lerp_(ours, theirs, 1 - beta)
        for mine, other in zip(self.ema.buffers(), self.g.buffers(), strict=True):
            mine.copy_(other)

    # ---- many steps -----------------------------------------------------------------------------------------------

    def run(
        self,
        pictures: int,
        *,
        minutes: float = math.inf,
        save_every: float = 300.0,
        on_save: Any = None,
        on_snapshot: Any = None,
        quiet: bool = False,
    ) -> None:
        """Train until `pictures` have been shown or `minutes` have passed; saves on the way and at the end.

        `on_save(trainer)` runs after each save, `on_snapshot(trainer, pictures)` at each log-spaced moment.
        """
        began = last = saved = time.monotonic()
        due = [p for p in snapshot_points(self.settings, pictures) if p >= self.pictures]
        while True:
            while due and due[0] <= self.pictures:
                if on_snapshot and not self.fade:  # half of a critic is no moment of its history
                    on_snapshot(self, due[0])
                due.pop(0)
            now = time.monotonic()
            finished = self.interrupted or self.pictures >= pictures or now - began >= minutes * 60
            if finished or now - saved >= save_every:
                self.save()
                saved = time.monotonic()
                if on_save:
                    on_save(self)
            if finished:
                return
            self.log.add(self.train_step())
            now, before = time.monotonic(), last
            self.seconds += now - before
            last = now
            if self.step % 20 == 0:
                line = self.log.write(self.pictures, self.seconds)
                if not quiet:
                    print(line, flush=True)

    # ---- state ----------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write the whole state beside the old one, then swap: a kill at any moment leaves a state that loads."""
        state = {
            "settings": json.dumps(self.settings.to_dict()),
            "step": self.step,
            "seconds": self.seconds,
            "machine": machine(self.device),
            "probability": self.probability,
            "sureness": self.sureness,
            "g": self.g.state_dict(),
            "d": self.d.state_dict(),
            "ema": self.ema.state_dict(),
            "opt_g": self.opt_g.state_dict(),
            "opt_d": self.opt_d.state_dict(),
            "fade": self.fade.state() if self.fade else None,
            "projected": self.projected.state() if self.projected else None,
            "encoding": self.encoding.state() if self.encoding else None,
            "matching": self.matching.state() if self.matching else self._matched,
        }
        temporary = self.folder / "state.pt.new"
        torch.save(state, temporary)
        os.replace(temporary, self.folder / "state.pt")

    def _resume(self) -> None:
        path = self.folder / "state.pt"
        if not path.exists():
            write_whole(self.folder / "settings.json", json.dumps(self.settings.to_dict(), indent=1))
            if self.matching:
                self.matching.begin()
            return
        settings, state = read_state(path, self.device, "resumed from")
        # A setting that the file lacks has its default. A projected critic may come and go and look otherwise, classes
        # be favoured, samples be matched and told by class, R1 weigh more or less, the learning rate and the average's
        # half-life be others, maps be held more or less exactly, parts be kept as they are, and when the rate falls
        # may be decided until it does: nothing so far depends on it.
        of_losses = ("projected", "parts", "favour", "match", "recognise", "r1_gamma")
        may_change = (*of_losses, "learning_rate", "ema_pictures", "half_maps", "keep")
        settings = replace(settings, **{name: getattr(self.settings, name) for name in may_change})
        if settings.encoder and self.settings.encoder:
            settings = replace(settings, encoder=self.settings.encoder)
        step = state.get("step")
        if isinstance(step, int) and step * settings.batch <= min(settings.decay_start, self.settings.decay_start):
            settings = replace(settings, decay_from=self.settings.decay_from, decay_to=self.settings.decay_to)
        if settings != self.settings:
            raise TrainingError(
                f"{path} was made with other settings than those asked for: use another folder, or those."
            )
        try:
            self.g.load_state_dict(state["g"])
            self.d.load_state_dict(state["d"])
            self.ema.load_state_dict(state["ema"])
            self.opt_g.load_state_dict(state["opt_g"])
            self.opt_d.load_state_dict(state["opt_d"])
            self.step, self.seconds = int(state["step"]), float(state["seconds"])
            self.probability, self.sureness = float(state["probability"]), [float(v) for v in state["sureness"]]
            if state.get("fade"):
                self.fade = Fade(self.d, pictures=self.settings.fade_pictures, **state["fade"])
            if self.projected and state.get("projected"):
                self.projected.load(state["projected"])
            if self.encoding and state.get("encoding"):
                self.encoding.load(self.g, state["encoding"])
            if self.matching:
                self.matching.load(state.get("matching"))
            else:
                self._matched = state.get("matching")
        except Exception as error:  # many kinds, see read_state
            raise TrainingError(
                f"{path} cannot be resumed from ({type(error).__name__}: it is not a saved state)."
            ) from error
        write_whole(self.folder / "settings.json", json.dumps(self.settings.to_dict(), indent=1))
