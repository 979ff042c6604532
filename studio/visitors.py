"""Models that visitors bring: opened from a file, kept apart from everyone else's, forgotten when there are too many.

On one's own machine a converted model stays in a local folder, under the hash of its content, so that the second
opening is instant. Elsewhere it lies in a temporary folder and is known by an unguessable token alone: whoever does not
have it cannot reach the model.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from generator import (
    CheckpointError,
    GeneratorError,
    Say,
    architecture,
    content_hash,
    is_content_hash,
    list_checkpoints,
    quietly,
)
from generator import convert_checkpoint as convert
from generator.formats import model_name
from generator.storage import GENERATOR_FILE, drop_drafts, kind_of, sweep_drafts

from .errors import StudioError
from .hub import LIMIT, fetch
from .kept import LOCAL, is_kept, kept_models
from .render import Studio

SUFFIXES = (".pkl", ".pt", ".pth", ".safetensors", ".bin", ".ckpt", ".tar")
NAMED = "named"  # beside the models: which version of a file has its class names
MAX_MODELS = 16  # opened at a time
MAX_BYTES = 8 << 30  # of the files of a host's visitors
MAX_AGE = 6 * 3600.0  # seconds since it was used last
CALIBRATION_SECONDS = 20.0
SETTLED = 60.0  # seconds after which an empty folder is not one that is being begun in


@dataclass(frozen=True, eq=False)
class Opened:
    """One model that was brought: `studio` paints it alone, `facts` say what was recognised, JSON-able."""

    token: str
    name: str
    studio: Studio
    facts: dict[str, Any]
    folder: Path
    size: int  # bytes of its files


class Visitors:
    """The models that visitors of `studio` brought, kept in its local folder, or forgotten where it has none; `limit`:
    bytes of a file that is fetched from the hub.

    Safe to share between threads; opens one file at a time.
    """

    def __init__(self, studio: Studio, limit: int = LIMIT) -> None:
        self.studio, self.limit = studio, limit
        self.kept = studio.kept
        self._temporary = tempfile.TemporaryDirectory(prefix="latent-atelier-") if self.kept is None else None
        if self.kept is not None:
            _sweep(self.kept)
        self._opened: OrderedDict[str, Opened] = OrderedDict()  # the one used last comes last
        self._used: dict[str, float] = {}  # when, on the monotonic clock
        self._opening = Lock()
        self._lock = Lock()

    def open(
        self, source: Path, critic: Path | None = None, class_names: Path | None = None, say: Say = quietly
    ) -> Opened:
        """Convert another program's file, unless that was done before; StudioError, one sentence.

        `critic`: its discriminator, where that lies in a second file; `class_names`: as `generator.storage` reads it.
        """
        root = self._root()
        try:
            with self._opening:
                folder = local_folder(source, critic, class_names, root, say)
            return self._enter(folder)
        except (StudioError, GeneratorError, OSError) as error:
            if self.kept is None:  # nobody has its token, so nobody would ever let go of it
                shutil.rmtree(root, ignore_errors=True)
            raise error if isinstance(error, StudioError) else StudioError(_sentence(error)) from None

    def open_from_hub(self, repository: str, say: Say = quietly) -> Opened:
        """Fetch the checkpoint of `owner/name` from the Hugging Face hub and open it; StudioError, one sentence.

        Only where models are kept: a host fetches nothing for its visitors.
        """
        if self.kept is None:
            raise StudioError("Files are fetched from the hub only where the program runs on your own machine.")
        say("fetching it from the hub", 0.0)
        source, critic = fetch(repository.strip(), self.limit)
        return self.open(source, critic, say=say)

    def reopen(self, token: str) -> Opened:
        """A model that is kept, by its token in `kept_models`; StudioError if it is not."""
        folder = self.kept_models().get(token)
        if folder is None:
            raise StudioError("This model is not kept here any more; open its file again.")
        return self._enter(folder)

    def kept_models(self) -> dict[str, Path]:
        """The folder of every model that is kept, by token, in order of their names; empty on a host."""
        return kept_models(self.kept)

    def is_kept(self, token: str) -> bool:
        """Whether a model is kept; `token` may be any text."""
        return is_kept(self.kept, token)

    def get(self, token: str) -> Opened | None:
        """The opened model of that token, which counts as used now; None if it was never opened, or is forgotten."""
        with self._lock:
            return self._use(token)

    def current(self) -> dict[str, Opened]:
        """The models that are open, by token, after those that went unused for too long are let go of."""
        with self._lock:
            self._forget()
            return dict(self._opened)

    def close(self) -> None:
        """The program ends: what is being opened is given up, and nothing of it stays."""
        drop_drafts()
        if self._temporary is not None:
            self._temporary.cleanup()

    def _root(self) -> Path:
        """Where the next model is written: on a host a folder of its own, so that none finds another's."""
        if self.kept is not None:
            return self.kept
        assert self._temporary is not None
        return Path(self._temporary.name) / secrets.token_urlsafe(16)

    def _enter(self, folder: Path) -> Opened:
        # Locally the content is the token: a link leads to the same page tomorrow. On a host it must not be guessed.
        token = folder.parent.name if self.kept is not None else folder.parent.parent.name
        studio = self.studio.beside(folder.name, folder)
        size = sum(file.stat().st_size for file in folder.iterdir())
        opened = Opened(token, folder.name, studio, facts_of(studio), folder, size)
        with self._lock:
            known = self._use(token)
            if known is not None and known.folder == folder:  # it is open already, and has a page
                return known
            self._opened[token] = opened
            self._use(token)
            self._forget()
        return opened

    def _use(self, token: str) -> Opened | None:
        if token in self._opened:
            self._opened.move_to_end(token)
            self._used[token] = time.monotonic()
        return self._opened.get(token)

    def _forget(self) -> None:
        """Let go of what was used longest ago, beyond the limits; on a host its files go too."""

        def excess() -> bool:
            if self.kept is None and time.monotonic() - self._used[next(iter(self._opened))] >= MAX_AGE:
                return True
            size = sum(each.size for each in self._opened.values())
            crowded = len(self._opened) > MAX_MODELS or (self.kept is None and size > MAX_BYTES)
            return len(self._opened) > 1 and crowded

        while self._opened and excess():
            token, opened = self._opened.popitem(last=False)
            del self._used[token]
            if self.kept is None:
                shutil.rmtree(opened.folder.parent.parent, ignore_errors=True)


def local_folder(
    source: Path,
    critic: Path | None = None,
    class_names: Path | None = None,
    root: Path = LOCAL,
    say: Say = quietly,
) -> Path:
    """The folder ROOT/HASH/NAME of the converted checkpoint, made now unless it is there; CheckpointError.

    A file that came with class names keeps them: opened again without any, it is the model with its latest names.
    """
    for path in (source, critic):
        if path is not None and path.suffix.lower() not in SUFFIXES:
            raise CheckpointError(f"{path.name} is no checkpoint: those end in {', '.join(SUFFIXES)}.")
    root = root.expanduser()
    weights = [path for path in (source, critic) if path is not None]
    version = content_hash(*weights, *([] if class_names is None else [class_names]))
    named = root / NAMED / content_hash(*weights)
    if class_names is None and (folder := _noted(root, named)) is not None:
        say("opened before", 1.0)
        return folder
    place = root / version
    if place.is_dir() and (known := list(list_checkpoints(place).values())):
        say("opened before", 1.0)
        _note(named, version, class_names)
        return known[0]
    try:
        folder = convert(
            source, critic, place, model_name(source), class_names=class_names, seconds=CALIBRATION_SECONDS, say=say
        )
        _note(named, version, class_names)
        return folder
    except CheckpointError:
        if place.is_dir() and (known := list(list_checkpoints(place).values())):
            return known[0]  # another program has converted it meanwhile
        with suppress(OSError):
            place.rmdir()
        raise


def _sweep(root: Path) -> None:
    """Remove what conversions of a program that was killed left there, and folders of models that then hold nothing."""
    with suppress(OSError):
        places = [place for place in root.iterdir() if is_content_hash(place.name) and place.is_dir()]
        sweep_drafts(*places)
        for place in places:
            with suppress(OSError):
                if time.time() - place.stat().st_mtime > SETTLED and not any(place.iterdir()):
                    place.rmdir()


def _note(named: Path, version: str, class_names: Path | None) -> None:
    """Note which version of a file has its class names, if it came with any."""
    if class_names is not None:
        named.parent.mkdir(parents=True, exist_ok=True)
        named.write_text(version, encoding="ascii")


def _noted(root: Path, named: Path) -> Path | None:
    """The folder of the version of a file that has class names; None if there is none, or not any more."""
    try:
        version = named.read_text(encoding="ascii")
    except (OSError, ValueError):
        return None
    there = is_content_hash(version) and (root / version).is_dir()
    known = list(list_checkpoints(root / version).values()) if there else []
    return known[0] if known else None


def given_model(source: str, root: Path = LOCAL, limit: int = LIMIT, say: Say = quietly) -> tuple[str, Path]:
    """Name and folder of the model that the command line names: a checkpoint of ours as it lies there, another
    program's file converted, or `owner/name` on the Hugging Face hub, of whose files none may have more than `limit`
    bytes. StudioError, one sentence."""
    path = Path(source).expanduser()
    try:
        if path.is_dir() and (path / GENERATOR_FILE).is_file():
            return path.resolve().name, path
        if path.is_file() and path.name == GENERATOR_FILE and kind_of(path):
            return path.resolve().parent.name, path.parent
        critic = None
        if not path.exists():
            path, critic = fetch(source, limit)
        elif path.is_dir():
            raise CheckpointError(f"There is no {GENERATOR_FILE} in {path}.")
        folder = local_folder(path, critic, root=root, say=say)
    except (GeneratorError, OSError) as error:
        raise StudioError(_sentence(error)) from None
    return folder.name, folder


def facts_of(studio: Studio) -> dict[str, Any]:
    """What was recognised in a studio's one model, JSON-able."""
    model = studio.opened()
    described = model.describe()
    return {
        "name": studio.default,
        "architecture": architecture(model),
        "resolution": model.resolution,
        "channels": model.img_channels,
        "classes": len(model.classes),
        "parameters": described["parameters"],
        "critic": model.has_critic,
        "critic_parameters": described["critic_parameters"],
        "directions": len(model.directions),
        "version": model.version,
        "notes": model.provenance.notes,
    }


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, GeneratorError) else f"The file cannot be read or written here ({error})."
