"""Keep a model's training pictures as its autoencoder remembers them: `python -m training.remember --data PICTURES
--name NAME`.

For models without an encoder of their own: `training.finish` keeps the codes of one itself. The records are those of
the model's index, so what is found there can be shown, one byte a code.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from generator import open_checkpoint
from generator.companions import AUTOENCODER_FILE, OpenAutoencoder, open_autoencoder
from generator.measuring import Remembered, open_index

from .companion import to_input
from .data import Data
from .errors import TrainingError
from .sources import read_data
from .terms import add_terms, terms_of

CHUNK = 256


def remember_codes(
    autoencoder: OpenAutoencoder, name: str, version: str, data: Data, records: tuple[str, ...]
) -> Remembered:
    """The codes of these training pictures, by their names; TrainingError if one is not in the data."""
    number = {record: i for i, record in enumerate(data.names)}
    if missing := [record for record in records if record not in number]:
        raise TrainingError(f"The index names {missing[0]}, which is not in these pictures: are they the same data?")
    index = torch.tensor([number[record] for record in records])
    codes = torch.cat([autoencoder.encode(to_input(data.batch(part))) for part in index.split(CHUNK)])
    return Remembered.of_codes(name, version, records, data.labels[index], codes)


def main(argv: list[str] | None = None) -> int:
    """Returns the exit code."""
    p = argparse.ArgumentParser(prog="python -m training.remember", description=__doc__)
    p.add_argument("--data", type=Path, required=True, help="the pictures that the model was trained on")
    p.add_argument("--name", required=True, help="the model, with index and autoencoder")
    p.add_argument("--out", type=Path, default=Path("checkpoints"), help="where its folder lies")
    add_terms(p)
    args = p.parse_args(argv)
    folder = args.out / args.name
    try:
        model = open_checkpoint(folder)
        autoencoder = open_autoencoder(folder / AUTOENCODER_FILE)
        data = read_data(args.data, model.resolution, terms_of(args)).train
        kept = remember_codes(autoencoder, model.name, model.version, data, open_index(folder).records)
        path = kept.save(folder)
    except (ValueError, OSError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 2
    print(f"wrote {path}: {len(kept.records):,} pictures, {path.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
