"""Checkpoints from the Hugging Face hub: the one file of this project that calls outside, and only when it is asked to.

Of a repository only files of weights and config.json are looked at, and only what is needed is fetched: never code.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path
from threading import Thread
from typing import Any, Protocol, TypeVar

from .errors import StudioError

REPOSITORY = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")
ALLOWED = (".safetensors", ".pkl", ".pt", ".pth", ".ckpt", ".bin")  # in the order in which they are preferred
TRAINING = re.compile(r"optim|scheduler|scaler|training_args|random_states|rng_state", re.IGNORECASE)  # and no network
CONFIG = "config.json"
LIMIT = 2 << 30  # bytes
MAX_CONFIG = 1 << 20
INFO_SECONDS = 20.0
FETCH_SECONDS = 1800.0  # 2 GB at 1.2 MB a second
CRITIC = re.compile(r"(^|[^a-z])(netd|critic|discriminator)|^D(_ema)?\.", re.IGNORECASE)
AVERAGED = re.compile(r"(^|[^a-z])(ema|avg)([^a-z]|$)", re.IGNORECASE)

T = TypeVar("T")


class Hub(Protocol):
    """The two questions to the hub, as `huggingface_hub.HfApi` answers them."""

    def model_info(self, repo_id: str, /, *, files_metadata: bool, timeout: float) -> Any:
        """`.sha` of the newest commit, and `.siblings`, each with `.rfilename` and `.size` in bytes or None."""

    def hf_hub_download(self, repo_id: str, filename: str, /, *, revision: str) -> str:
        """The path of the file on this machine."""


def fetch(repository: str, limit: int = LIMIT, hub: Hub | None = None) -> tuple[Path, Path | None]:
    """The generator's file of `owner/name` in the hub's cache on this machine, and the critic's if it lies apart.

    `limit`: bytes of one file; nothing is fetched of a repository whose files are larger, or of unknown size. What is
    fetched is the commit whose sizes were asked for.
    StudioError, one sentence: no such file or repository, no checkpoint in it, too large, too slow, no network.
    """
    if not REPOSITORY.fullmatch(repository):
        raise StudioError(f"There is no file {repository}, and it is no repository on the hub either (owner/name).")
    if hub is None:
        from huggingface_hub import HfApi

        hub = HfApi()
    asked: Hub = hub
    info = _in_time(
        repository, INFO_SECONDS, lambda: asked.model_info(repository, files_metadata=True, timeout=INFO_SECONDS)
    )
    sizes: dict[str, int | None] = {file.rfilename: file.size for file in info.siblings or ()}
    generator, critic, config = choose(repository, list(sizes))
    names = [name for name in (generator, critic, config) if name is not None]
    for name in names:
        _check_size(f"{name} in {repository}", sizes[name], MAX_CONFIG if name == config else limit)
    paths = _in_time(
        repository,
        FETCH_SECONDS,
        lambda: [Path(asked.hf_hub_download(repository, name, revision=info.sha)) for name in names],
    )
    return paths[0], None if critic is None else paths[1]


def _check_size(what: str, size: int | None, limit: int) -> None:
    if size is None:
        raise StudioError(f"The hub does not say how large {what} is, so it is not fetched.")
    if size > limit:
        most = f"{limit >> 20:,} MB"
        raise StudioError(f"{what} has {-(-size >> 20):,} MB; files of up to {most} are fetched here.")


def _in_time(repository: str, seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns; StudioError if it fails, or takes longer: the hub's library bounds the wait for each next
    piece of a file, not for all of them."""
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except Exception as error:
            done.set_exception(error)

    Thread(target=run, daemon=True).start()  # no pool: that would be waited for when the program ends
    if not wait([done], seconds).done:
        raise StudioError(f"{repository} was not fetched from the hub within {seconds:.0f} seconds.")
    try:
        return done.result()
    except Exception as error:  # of many libraries, all of which mean the same here
        reason = type(error).__name__
        raise StudioError(f"{repository} cannot be fetched from the hub ({reason}): is there a network?") from None


def choose(repository: str, files: list[str]) -> tuple[str, str | None, str | None]:
    """The generator's file of a repository's, the critic's and the configuration beside it; StudioError if none is."""
    weights = sorted(
        (name for name in files if name.lower().endswith(ALLOWED) and not TRAINING.search(name.rpartition("/")[2])),
        key=lambda name: (
            next(i for i, end in enumerate(ALLOWED) if name.lower().endswith(end)),
            not AVERAGED.search(name.rpartition("/")[2]),
            len(name),
            name,
        ),
    )
    critics = [name for name in weights if CRITIC.search(name.rpartition("/")[2])]
    generators = [name for name in weights if name not in critics]
    if not generators:
        raise StudioError(f"{repository} holds no checkpoint that this program reads ({', '.join(ALLOWED)}).")
    folder = generators[0].rpartition("/")[0]
    config = f"{folder}/{CONFIG}".lstrip("/")
    beside = [name for name in critics if name.rpartition("/")[0] == folder]
    return generators[0], beside[0] if beside else None, config if config in files else None
