"""The config.json that lies beside a file of weights on the Hugging Face hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MAX_BYTES = 1 << 20


def config_beside(path: Path) -> dict[str, Any]:
    """The JSON object in config.json of the file's folder; empty if there is none, or it is none."""
    beside = path.parent / "config.json"
    try:
        if beside.stat().st_size > MAX_BYTES:
            return {}
        return json_object(beside.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return {}


def json_object(text: str) -> dict[str, Any]:
    """The JSON object in a text; empty if it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
