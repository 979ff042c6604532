"""The local folder where models that were brought are kept: each at HASH/NAME, by the hash of its content."""

from __future__ import annotations

from pathlib import Path

from generator import is_content_hash
from generator.storage import GENERATOR_FILE

LOCAL = Path("~/.cache/latent-atelier/models")


def kept_models(kept: Path | None) -> dict[str, Path]:
    """The folder of every model there, by its token (the hash), in order of their names; empty where none are kept."""
    if kept is None or not kept.is_dir():
        return {}
    found = [path.parent for path in kept.glob(f"*/*/{GENERATOR_FILE}") if is_content_hash(path.parent.parent.name)]
    return {folder.parent.name: folder for folder in sorted(found, key=lambda folder: folder.name)}


def is_kept(kept: Path | None, token: str) -> bool:
    """Whether a model is kept there; `token` may be any text."""
    return is_content_hash(token) and token in kept_models(kept)
