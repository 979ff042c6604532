"""Training pictures from whatever lies at a path."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from pictures import Account, is_idx

from .data import Data, Loaded, Terms
from .errors import TrainingError
from .folder import read_pictures
from .idx import load_idx
from .relief import is_relief, load_relief


def read_data(path: Path, resolution: int, terms: Terms | None = None) -> Loaded:
    """Training and held-out pictures from whatever lies at `path`, at `resolution`, and the account of it.

    - a folder or zip of pictures: `folder.read_pictures`
    - one picture of the whole world, or the word "relief" for the installed one: tiles of it, `relief.load_relief`
    - a folder of idx files, such as Fashion-MNIST: `idx.load_idx`

    Raises TrainingError with a sentence that names what cannot be used.
    """
    terms = terms or Terms()
    if not is_relief(path) and not is_idx(path):
        return read_pictures(path, resolution, terms)
    title = path.resolve().name
    if terms.held_out != Terms().held_out:
        raise TrainingError(f"{title} says itself which pictures are held out: --held-out does not apply to it.")
    if is_relief(path):
        return _told(*load_relief(path, resolution), title, 1, "tiles of one map; held out are those of some blocks")
    return _told(*load_idx(path, resolution), title, 4, "idx files; held out are the set's own test pictures")


def load_data(path: Path, resolution: int) -> tuple[Data, Data]:
    """Training and held-out pictures of `read_data` on the usual terms."""
    loaded = read_data(path, resolution)
    return loaded.train, loaded.rest


def _told(train: Data, rest: Data, title: str, files: int, what: str) -> Loaded:
    """The account of a set that is no folder of files."""
    counts = Counter(train.labels.tolist()) + Counter(rest.labels.tolist())
    classes = {name: counts[index] for index, name in enumerate(train.classes)}
    said = [what, f"{len(train):,} to train on, {len(rest):,} held out to measure with"]
    return Loaded(train, rest, Account(title, files, len(train) + len(rest), classes, said=said))
