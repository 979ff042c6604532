"""Other people's checkpoints into this project's own: opened once, measured once, then instantly there.

A model of the StyleGAN2 family becomes an ordinary checkpoint, any other keeps its own tensors in a file of ours (see
`packing`). Both carry w averages per class, principal and closed-form directions, and the calibration of the
critic: on generated pictures alone, unless real ones are given.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from generator.errors import CheckpointError
from generator.families.stylegan2.family import StyleGAN2
from generator.formats.naming import model_name
from generator.formats.reading.content import read_content
from generator.formats.registry import open_foreign
from generator.latents import draw_z
from generator.measuring.averages import FEWEST, calibrate, measure_styles
from generator.model import Model
from pictures import Account, Reading

from .checkpoint import open_checkpoint, save_checkpoint
from .class_names import read_class_names
from .drafts import draft_folder, sweep_drafts, take_place
from .headers import check_name
from .packing import LARGEST_HALF, recognised_format, save_foreign
from .real import RealPictures

PICTURES = 1000  # behind each half of the calibration, if they can be made in time
SECONDS = 60.0  # for those that are generated
VERSION_DIGITS = 16  # of the content's SHA-256; a recipe's version has room for 32
PATIENCE = 2.0  # times that: a forecast beyond it ends the attempt, for the first pictures are slow
TOLERANCE = {True: 0.1, False: 1e-3}  # of a picture's range of 2, after half precision or without

Say = Callable[[str, float], None]  # what is being done, and which share of all is done (0 … 1)


def quietly(what: str, share: float) -> None:
    """A `Say` that says nothing."""


def content_hash(*paths: Path) -> str:
    """The first digits of the SHA-256 of the files, one after the other: the version of a converted model."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            with path.open("rb") as file:
                for block in iter(lambda file=file: file.read(1 << 20), b""):  # type: ignore[misc]
                    digest.update(block)
        except OSError as error:
            raise CheckpointError(f"{path.name} cannot be read ({error.strerror or 'no file'}).") from None
    return digest.hexdigest()[:VERSION_DIGITS]


def is_content_hash(version: str) -> bool:
    """Whether a model's version is what `content_hash` gives: those that are trained here have "1.0" and the like."""
    return re.fullmatch(f"[0-9a-f]{{{VERSION_DIGITS}}}", version) is not None


def convert(
    source: Path,
    critic: Path | None = None,
    out: Path = Path("checkpoints"),
    name: str = "",
    *,
    class_names: Path | None = None,
    half: bool = True,
    real: Path | None = None,
    pictures: int = PICTURES,
    seconds: float = SECONDS,
    say: Say = quietly,
    reading: Reading | None = None,
    tell: Callable[[Account], None] = lambda account: None,
) -> Path:
    """Write `out`/NAME from a foreign checkpoint (and its discriminator in a second file); returns the folder.

    `class_names`: a file for `read_class_names`; else the classes keep the file's own names, or numbers. `half`:
    weights in float16 where they fit. `real`: a folder or zip of real pictures for the critic, read as `reading` says;
    `tell` hears what was found there before anything is measured. The folder appears whole or not at all; its version
    is the hash of the content of all files but `real`. CheckpointError, one sentence.
    """
    name = name or model_name(source)
    check_name(name)
    folder = out / name
    taken = CheckpointError(f"There is a {name} in {out.name or out} already: give the new one another name.")
    if folder.exists():
        raise taken
    say("reading", 0.0)
    model = open_foreign(source, critic)
    sources = [source] if critic is None else [source, critic]
    if class_names is not None:
        model.classes = read_class_names(class_names, len(model.classes))
    given = sources if class_names is None else [*sources, class_names]  # recipes say their class by name
    model.name, model.version = name, content_hash(*given)
    origin = f"Converted from {' and '.join(path.name for path in given)} ({architecture(model)})."
    model.provenance = replace(model.provenance, notes=f"{model.provenance.notes} {origin}".strip())
    judged = None
    if real is not None:
        say("reading the real pictures", 0.05)
        judged = RealPictures(real, model.resolution, model.img_channels, model.classes, pictures, reading)
        tell(judged.account)
    say("measuring its directions", 0.1)
    measure_styles(model)
    before = _some_picture(model)
    out.mkdir(parents=True, exist_ok=True)
    sweep_drafts(out)
    with draft_folder(out) as temporary:
        new = temporary / name

        def write(model: Model) -> None:
            if isinstance(model.family, StyleGAN2):
                save_checkpoint(model, new, torch.float16 if half else torch.float32)
            else:
                contents = [read_content(path) for path in sources]
                save_foreign(model, recognised_format(contents[0]), contents, new, half)

        half = half and _fits_half(model)
        say("writing", 0.2)
        write(model)
        del model  # a large one need not be held twice
        # Everything is measured on the weights as they are stored, not as they came.
        stored = open_checkpoint(new, precision="fp32")
        _check(before, _some_picture(stored), half, source)
        began = time.monotonic()

        def go_on(share: float) -> bool:
            say("calibrating its critic", 0.3 + 0.6 * share)
            spent = time.monotonic() - began
            forecast = spent * FEWEST / (share * pictures)  # for the fewest that a calibration needs
            return spent < seconds and forecast < PATIENCE * seconds

        judge_real = None if judged is None else lambda: _real_logits(stored, judged, say)
        stored.calibration = calibrate(stored, judge_real, pictures, go_on)
        if stored.calibration is not None:
            say("writing", 0.95)
            write(stored)
        (new / "README.md").write_text(
            _card(stored, given, None if judged is None else judged.account), encoding="utf-8"
        )
        try:
            take_place(new, folder)
        except OSError:  # made by another program meanwhile; shutil.move would put this one inside it
            raise (taken if folder.exists() else CheckpointError(f"{folder} cannot be written.")) from None
    say("done", 1.0)
    return folder


def architecture(model: Model) -> str:
    """What the page calls a model's architecture."""
    return model.family.title


def _some_picture(model: Model) -> torch.Tensor:
    label = [0] if model.classes else None
    return model.synthesize(model.map(draw_z(0, model.z_dim)[None], label))


def _check(before: torch.Tensor, after: torch.Tensor, half: bool, source: Path) -> None:
    if not torch.isfinite(before).all():
        raise CheckpointError(f"The generator in {source.name} makes no picture: its numbers are not finite.")
    scale = max(1.0, float(before.abs().max()))
    if not float((before - after).abs().max()) <= TOLERANCE[half] * scale:
        raise CheckpointError(f"{source.name} does not survive conversion to half precision; convert it with --fp32.")


def _fits_half(model: Model) -> bool:
    """Whether every weight of a StyleGAN2 lies within float16; other families decide it for each tensor."""
    tensors = model.family.state_dict().values() if isinstance(model.family, StyleGAN2) else ()
    return all(float(tensor.abs().max()) < LARGEST_HALF for tensor in tensors if tensor.numel())


def _real_logits(model: Model, real: RealPictures, say: Say) -> list[float]:
    say("calibrating its critic on real pictures", 0.92)
    logits: list[float] = []
    for picture, label in real:
        logits += model.criticize(picture[None], [label] if model.classes else None).tolist()
    return logits


def _card(model: Model, sources: list[Path], account: Account | None) -> str:
    given = " and ".join(path.name for path in sources)
    calibration = model.calibration
    judged = (
        "It came without a critic."
        if not model.has_critic
        else "Its critic was not calibrated."
        if calibration is None
        else f"Its critic was calibrated on {calibration.generated_count} generated and {calibration.real_count} "
        "real pictures."
    )
    return (
        f"---\nlicense: unknown\n---\n\n# {model.provenance.title}\n\n{architecture(model)}, {model.resolution} px, "
        f"converted from {given} (SHA-256 {model.version}…). {judged}\n\n"
        f"Licence: {model.provenance.licence}. Attribution: {model.provenance.attribution}\n"
        + ("" if account is None else f"\n## The real pictures\n\n{account.markdown()}\n")
    )
