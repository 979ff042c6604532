"""The finished checkpoint as the last moment of its own history: a reference to it, since its files lie there already.

A history is made once, from snapshots; the model may go on being trained. Without this, the lessons' training would end
at pictures that the model has long left behind.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from generator.storage import write_whole

FOLDER = ".."  # of a moment: the checkpoint itself, seen from its history


def end_with_the_model(checkpoint: Path) -> bool:
    """Let `checkpoint`'s history end with the checkpoint, its scores being those of evaluation.json, which are measured
    in the same way. Returns whether it does: not without a history, nor where a moment has as many pictures, nor where
    the figures are of other features or of another number of pictures."""
    path = checkpoint / "history" / "history.json"
    if not path.exists():
        return False
    history = json.loads(path.read_text(encoding="utf-8"))
    measured = json.loads((checkpoint / "evaluation.json").read_text(encoding="utf-8"))
    moments = [moment for moment in history["moments"] if moment["folder"] != FOLDER]
    last, counts = moments[-1], measured["counts"]
    told = history["counts"]
    comparable = (counts["generated"], counts["held_out_pictures"]) == (told["generated"], told["held_out"])
    if last["pictures"] >= measured["pictures_seen"] or not comparable or not _same_features(measured, history):
        return False
    moments.append(
        {
            "pictures": measured["pictures_seen"],
            "seconds": float(measured["training_seconds"]),  # as the checkpoint counts them
            "folder": FOLDER,
            "losses": dict.fromkeys(last["losses"]),  # the log of its run is not kept
            "scores": {key: measured[key] for key in last["scores"]},
        }
    )
    write_whole(path, json.dumps({**history, "moments": moments}, indent=1) + "\n")
    return True


def _same_features(measured: dict[str, Any], history: dict[str, Any]) -> bool:
    name: str = measured["features"]  # "NAME, how many numbers; how pictures are resized"
    return name.split(",")[0] == history["features"]
