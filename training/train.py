"""Train a house model: `python -m training.train --data PICTURES --name NAME --pictures N`.

Stop it at any time and run it again to go on; when the pictures (or the minutes) are reached, it evaluates, calibrates
the critic and writes the checkpoint.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is loaded: spinning threads starve the rest

import argparse
import math
import signal
import sys
from pathlib import Path

import torch

from generator.families.stylegan2 import CriticConfig, GeneratorConfig
from generator.storage import write_network

from .augment import POLICIES
from .data import Data
from .encoding import Weights
from .errors import TrainingError
from .facts import add_facts, describe, facts_of
from .finish import finish
from .grow import grow_run
from .loop import Trainer
from .losses import LOSSES
from .settings import Settings
from .sheet import first_seeds, write_sheet
from .sources import read_data
from .start import start_from
from .terms import add_terms, keep_account, same_split, terms_of
from .worsen import add_noise, keep_fraction, without_class


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    p = argparse.ArgumentParser(prog="python -m training.train", description=__doc__)
    p.add_argument("--data", type=Path, required=True, help="folder or zip of pictures, one sub-folder a class")
    p.add_argument("--name", required=True, help="the model's name")
    p.add_argument("--runs", type=Path, default=Path("training-runs"), help="where runs keep their state")
    p.add_argument("--out", type=Path, default=Path("checkpoints"), help="where the finished checkpoint goes")
    p.add_argument("--version", default="1.0", help="the model's version, written into every picture's recipe")
    p.add_argument("--resolution", type=int, default=64)
    p.add_argument("--pictures", type=int, default=150_000, help="stop after this many pictures in all")
    p.add_argument("--minutes", type=float, default=math.inf, help="stop after this long in this call")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--channel-base", type=int, default=2048)
    p.add_argument("--channel-max", type=int, default=192)
    p.add_argument("--critic-base", type=int, help="of critic and encoder, where not as the generator's")
    p.add_argument("--critic-max", type=int, help="the same for the widest maps")
    p.add_argument("--z-dim", type=int, default=64)
    p.add_argument("--w-dim", type=int, default=128)
    p.add_argument("--mapping-layers", type=int, default=4)
    p.add_argument("--head", default="smooth", help="how the last doubling is made: smooth, shuffle, rgb")
    p.add_argument("--start", default="const", help="where a picture begins: const, or styled (by the first w)")
    p.add_argument(
        "--encoder",
        type=float,
        nargs=4,
        metavar=("FEATURES", "LOW", "TEXTURE", "DIVERGENCE"),
        help="an encoder and a prior learn beside the generator; what its losses count, such as 1.5 2 1 0.002; may "
        "change within a run",
    )
    p.add_argument("--prior-layers", type=int, default=8, help="of the prior that comes with an encoder")
    p.add_argument("--prior-width", type=int, default=256, help="of the networks inside the prior")
    p.add_argument("--learning-rate", type=float, default=2e-3, help="of generator and critic; may change within a run")
    p.add_argument("--warm-up", type=int, default=0, help="steps over which the learning rate rises at first")
    p.add_argument("--gamma", type=float, default=0.3, help="weight of the R1 penalty; may change within a run")
    p.add_argument(
        "--projected", type=float, default=0.0, help="weight of a projected critic beside the plain one; 0 for none"
    )
    p.add_argument(
        "--match", type=float, default=0.0, help="weight of samples lying where real pictures lie; 0 for none"
    )
    p.add_argument("--recognise", type=float, default=0.0, help="weight of samples' classes being told; 0 for none")
    p.add_argument("--parts", type=float, default=0.0, help="share of pictures that frozen networks see a part of")
    p.add_argument(
        "--favour", nargs="+", default=(), metavar="CLASS=FACTOR", help="classes drawn so many times as often"
    )
    p.add_argument(
        "--keep",
        nargs="+",
        default=(),
        metavar="NAME",
        help="what stays as it is, by how names begin: the generator's tensors, critic.…, encoder.…; may change",
    )
    p.add_argument(
        "--decay",
        type=int,
        nargs=2,
        default=(0, 0),
        metavar=("FROM", "TO"),
        help="pictures between which the learning rate falls to 0; may be decided while a run goes on",
    )
    p.add_argument("--loss", default="logistic", help=f"of {', '.join(LOSSES)}")
    p.add_argument(
        "--class-groups", action="store_true", help="the critic's minibatch statistics compare pictures of one class"
    )
    p.add_argument(
        "--mismatch", type=float, default=0.0, help="weight of real pictures under a wrong class in the critic's loss"
    )
    p.add_argument("--style-mixing", type=float, default=0.5, help="share of pictures with the styles of two latents")
    p.add_argument("--ema-pictures", type=int, default=10_000, help="half-life of the generator's average; may change")
    p.add_argument("--snapshot-first", type=int, default=500, help="pictures at the first snapshot after the start")
    p.add_argument("--snapshot-ratio", type=float, default=1.6, help="pictures at each snapshot by those at the last")
    p.add_argument("--mirror", action="store_true", help="also show the pictures mirrored")
    p.add_argument("--augment", default="colour,translation,cutout", help=f"of {', '.join(POLICIES)}; empty for none")
    p.add_argument("--augment-start", type=float, default=0.0, help="probability of augmentation to begin with")
    p.add_argument("--grow-from", type=Path, help="a run at half the resolution: begin with what it has learnt")
    p.add_argument("--start-from", type=Path, help="a checkpoint's folder: begin with its weights (see start.py)")
    p.add_argument("--keep-fraction", type=float, help="train on this share of the pictures only: for worse on purpose")
    p.add_argument("--noisy-fraction", type=float, help="put noise on this share of them: for worse on purpose")
    p.add_argument("--without-class", help="train without the pictures of this class: for worse on purpose")
    p.add_argument("--only-train", action="store_true", help="write no checkpoint at the end (training.finish does)")
    p.add_argument("--fp32", action="store_true", help="convolve in float32 instead of with bfloat16 operands")
    p.add_argument("--half-maps", action="store_true", help="hold maps between layers in bfloat16: may change in a run")
    add_facts(p)
    add_terms(p)
    return p.parse_args(argv)


def settings_of(args: argparse.Namespace, num_classes: int, channels: int = 3) -> Settings:
    """The run's settings from the command line."""
    generator = GeneratorConfig(
        args.resolution,
        num_classes,
        args.z_dim,
        args.w_dim,
        args.mapping_layers,
        args.channel_base,
        args.channel_max,
        args.head,
        channels,
        start=args.start,
        prior_layers=args.prior_layers if args.encoder else 0,
        prior_width=args.prior_width,
    )
    critic = CriticConfig(
        args.resolution,
        num_classes,
        args.critic_base or args.channel_base,
        args.critic_max or args.channel_max,
        "strided",
        cmap_dim=64 if num_classes else 0,
        mapping_layers=0,
        img_channels=channels,
    )
    policy = tuple(name for name in args.augment.split(",") if name)
    return Settings(
        generator,
        critic,
        seed=args.seed,
        batch=args.batch,
        learning_rate=args.learning_rate,
        encoder=Weights(*args.encoder) if args.encoder else None,
        r1_gamma=args.gamma,
        warm_up=args.warm_up,
        decay_from=args.decay[0],
        decay_to=args.decay[1],
        loss=args.loss,
        class_groups=args.class_groups,
        mismatch=args.mismatch,
        ema_pictures=args.ema_pictures,
        style_mixing=args.style_mixing,
        snapshot_first=args.snapshot_first,
        snapshot_ratio=args.snapshot_ratio,
        mirror=args.mirror,
        augment_start=args.augment_start,
        policy=policy,
        half=not args.fp32,
        half_maps=args.half_maps,
        projected=args.projected,
        parts=args.parts,
        favour=dict(map(favour, args.favour)),
        keep=tuple(args.keep),
        match=args.match,
        recognise=args.recognise,
    )


def favour(text: str) -> tuple[str, float]:
    """A class and its factor, from "CLASS=FACTOR"."""
    name, _, factor = text.rpartition("=")
    try:
        return name, float(factor)
    except ValueError:
        raise TrainingError(f"--favour {text}: write CLASS=FACTOR, such as cherry=2.") from None


def worsened(data: Data, args: argparse.Namespace) -> Data:
    """The training pictures as the command line wants them spoilt; as they are, if it does not say so."""
    if args.without_class is not None:
        data = without_class(data, args.without_class)
    if args.keep_fraction is not None:
        data = keep_fraction(data, args.keep_fraction, seed=args.seed)
    if args.noisy_fraction is not None:
        data = add_noise(data, args.noisy_fraction, seed=args.seed)
    return data


def keep_snapshot(trainer: Trainer, pictures: int) -> None:
    """Both networks as they are at a log-spaced moment, for the history that the lessons show."""
    folder = trainer.folder / "snapshots" / f"{pictures:09d}"
    header = {"pictures_seen": trainer.pictures, "seconds": round(trainer.seconds, 1)}
    for kind, network, config in (
        ("generator", trainer.ema, trainer.settings.generator),
        ("critic", trainer.d, trainer.settings.critic),
    ):
        write_network(
            folder / f"{kind}.safetensors",
            kind,
            dict(network.state_dict()),
            {**header, "config": config.to_dict()},
            torch.float16,
        )


def keep_sheet(trainer: Trainer) -> None:
    """The first 64 seeds as they look now."""
    write_sheet(first_seeds(trainer.ema), trainer.folder / "sheets" / f"{trainer.pictures:09d}.jpg")


def main(argv: list[str] | None = None) -> int:
    """Train (or go on training); returns the exit code."""
    args = parse(argv)
    try:
        terms, run = terms_of(args), args.runs / args.name
        loaded = read_data(args.data, args.resolution, terms)
        print("\n".join(loaded.account.lines()), flush=True)
        describe(args.name, args.about, args.data, loaded.rest, facts_of(args), measured=terms.held_out > 0)
        same_split(terms, run)
        data = worsened(loaded.train, args)
        settings = settings_of(args, len(data.classes), data.channels)
        fresh = not (run / "state.pt").exists()
        if args.grow_from and fresh:
            grow_run(args.grow_from, run, settings)
        if args.start_from and fresh:
            anew = start_from(Trainer(settings, data, run, args.device), args.start_from, args.name)
            print(f"began with {args.start_from}; anew: {', '.join(anew) or 'nothing'}", flush=True)
        trainer = Trainer(settings, data, run, args.device)
        keep_account(loaded.account, terms, run, text=True)
        trainer.begin_encoding()
        print(f"{len(data):,} pictures, {len(data.classes)} classes; {trainer.pictures:,} shown so far", flush=True)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: setattr(trainer, "interrupted", True))
        trainer.run(args.pictures, minutes=args.minutes, on_save=keep_sheet, on_snapshot=keep_snapshot)
        if trainer.interrupted:
            print(f"stopped at {trainer.pictures:,} pictures; the same command goes on from there", flush=True)
            return 0
        if args.only_train:
            return 0
        folder = finish(
            trainer.folder,
            args.data,
            args.about,
            args.out,
            args.name,
            args.version,
            given=facts_of(args),
            terms=terms,
            loaded=loaded,
        )
        print(f"wrote {folder}", flush=True)
    except (ValueError, OSError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
