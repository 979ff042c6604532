"""The whole page on a free port, over a tiny model with random weights."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch

from generator import save_checkpoint
from generator.measuring.index import Index
from studio import Studio, Visitors
from tests.generator.build import GENERATORS, lively_model
from ui import build_page, launch_options, visitors_pages

MODEL = "plums"  # 32 px, three classes, two directions
RECORDS = tuple(f"damson/{i:05d}.jpg" for i in range(12))
OTHER = "quinces"  # grey, neither classes nor critic


def tiny_studio(folder: Path) -> Studio:
    """A studio with two tiny models, written to `folder`."""
    save_checkpoint(lively_model(), folder / MODEL)
    features = torch.randn(12, 1280, generator=torch.Generator().manual_seed(0))  # of no pictures: any are the nearest
    Index.build("efficientnet-lite2", RECORDS, features, features + 0.1).save(folder / MODEL)
    other = lively_model(replace(GENERATORS["grey smooth"], num_classes=0), critic=None)
    other.name = OTHER
    save_checkpoint(other, folder / OTHER)
    return Studio(folder, default=MODEL)


def free_port() -> int:
    """A port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(studio: Studio, visitors: Visitors | None = None) -> Iterator[str]:
    """The page's address while it is served in a thread of this process."""
    own = None if visitors is None else visitors_pages(studio, visitors)
    page = build_page(studio, own)
    port = free_port()
    options = launch_options(studio, own, 64)
    page.launch(server_name="127.0.0.1", server_port=port, prevent_thread_lock=True, quiet=True, **options)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        page.close(verbose=False)
