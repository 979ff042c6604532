"""Checkpoints from the Hugging Face hub: the one file of this project that calls outside, and only when it is asked to.

Of a repository only files of weights and config.json are looked at, and only what is needed is fetched: never code.
"""

from __future__ import annotations

import re
from pathlib import Path

from .errors import StudioError

REPOSITORY = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")
ALLOWED = (".safetensors", ".pkl", ".pt", ".pth")  # in the order in which they are preferred
CONFIG = "config.json"
CRITIC = re.compile(r"(^|[^a-z])(netd|critic|discriminator)", re.IGNORECASE)


def fetch(repository: str) -> tuple[Path, Path | None]:
    """The generator's file of `owner/name` in the hub's cache on this machine, and the critic's if it lies apart.

    StudioError, one sentence: no such file or repository, no checkpoint in it, no network.
    """
    if not REPOSITORY.fullmatch(repository):
        raise StudioError(f"There is no file {repository}, and it is no repository on the hub either (owner/name).")
    from huggingface_hub import HfApi, hf_hub_download

    try:
        files = HfApi().list_repo_files(repository)
        generator, critic, config = choose(repository, files)
        fetched = [Path(hf_hub_download(repository, name)) for name in (generator, critic) if name is not None]
        if config is not None:
            hf_hub_download(repository, config)
    except StudioError:
        raise
    except Exception as error:  # of many libraries, all of which mean the same here
        reason = type(error).__name__
        raise StudioError(f"{repository} cannot be fetched from the hub ({reason}): is there a network?") from None
    return fetched[0], fetched[1] if len(fetched) > 1 else None


def choose(repository: str, files: list[str]) -> tuple[str, str | None, str | None]:
    """The generator's file of a repository's, the critic's and the configuration beside it; StudioError if none is."""
    weights = sorted(
        (name for name in files if name.lower().endswith(ALLOWED)),
        key=lambda name: (next(i for i, end in enumerate(ALLOWED) if name.lower().endswith(end)), len(name), name),
    )
    critics = [name for name in weights if CRITIC.search(name.rpartition("/")[2])]
    generators = [name for name in weights if name not in critics]
    if not generators:
        raise StudioError(f"{repository} holds no checkpoint that this program reads ({', '.join(ALLOWED)}).")
    folder = generators[0].rpartition("/")[0]
    config = f"{folder}/{CONFIG}".lstrip("/")
    beside = [name for name in critics if name.rpartition("/")[0] == folder]
    return generators[0], beside[0] if beside else None, config if config in files else None
