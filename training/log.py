"""A run's log.csv: what each few steps came to, by pictures shown."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from generator.storage import whole

LOG_FIELDS = (
    "pictures",
    "seconds",
    "loss_g",
    "loss_d",
    "real",
    "fake",
    "r1",
    "sureness",
    "augment",
    "pictures_per_second",
)
PROJECTED_FIELDS = ("projected_g", "projected_d")  # the same two losses of the projected critic, in runs that have one
MATCHING_FIELDS = ("match", "recognise")  # in runs whose samples are matched with real pictures
ENCODER_FIELDS = ("features", "low", "texture", "divergence", "prior")  # in runs with an encoder


def log_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a run's log.csv, by `LOG_FIELDS` and what came later; a last one without its end is left out."""
    with path.open(newline="") as file:
        text = file.read()
    return list(csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1], newline="")))


class Log:
    """Gathers the losses of steps and writes their means; a run with an encoder or a projected critic has more."""

    def __init__(self, path: Path, encoder: bool, projected: bool, matching: bool) -> None:
        self._path = path
        more = ((ENCODER_FIELDS, encoder), (PROJECTED_FIELDS, projected), (MATCHING_FIELDS, matching))
        self._fields = LOG_FIELDS + tuple(field for fields, there in more if there for field in fields)
        self._steps: list[dict[str, float]] = []  # since the last row
        self._pictures, self._seconds = 0, 0.0  # at the last row

    def begin(self, pictures: int, seconds: float) -> None:
        """Go on from there: rows written after the last save belong to steps that will be made again."""
        self._pictures, self._seconds = pictures, seconds
        if not self._path.exists():
            return
        rows = [row for row in log_rows(self._path) if int(row["pictures"]) <= pictures]
        with whole(self._path) as draft, draft.open("w", newline="") as file:
            writer = csv.DictWriter(file, self._fields, restval="nan", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)

    def add(self, step: dict[str, float]) -> None:
        """One step's losses and mean logits; NaN for what it did not measure."""
        self._steps.append(step)

    def write(self, pictures: int, seconds: float) -> str:
        """A row with the means of the steps since the last one; returns it as a line to read."""
        mean: dict[str, float] = {}
        for key in self._steps[0]:
            values = [row[key] for row in self._steps if not math.isnan(row[key])]
            mean[key] = sum(values) / len(values) if values else math.nan
        self._steps.clear()
        rate = (pictures - self._pictures) / max(seconds - self._seconds, 1e-9)
        self._pictures, self._seconds = pictures, seconds
        row = {
            "pictures": pictures,
            "seconds": round(seconds, 1),
            "pictures_per_second": round(rate, 2),
            **{key: round(value, 4) for key, value in mean.items()},
        }
        fresh = not self._path.exists()
        with self._path.open("a", newline="") as file:
            writer = csv.DictWriter(file, self._fields, restval="nan")  # what did not learn has no loss
            if fresh:
                writer.writeheader()
            writer.writerow(row)
        return (
            f"{pictures:>9,} pictures  {rate:5.1f}/s  G {mean['loss_g']:.3f}  D {mean['loss_d']:.3f}  "
            f"real {mean['real']:+.2f}  fake {mean['fake']:+.2f}  R1 {mean['r1']:.3f}"
        )
