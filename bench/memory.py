"""What the program holds, along the walk of a visitor: `python -m bench.memory [--seconds 60]`

The real program is started as a process of its own, over the house's models and five that were opened before (random
weights: two StyleGAN2 of 256 px, three of 64), and is asked as pages ask it, by many threads: every model's page, every
post-processing step, five opened models' pages, a hundred pictures of each of the two large ones, then a drag of
--seconds. Prints its resident size after each part and how much that grew from the middle of the drag to its end; the
last line is JSON. Linux only: sizes are read from /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import httpx
import torch

from generator import Averages, Direction, Generator, GeneratorConfig, Model, Provenance, save_checkpoint
from generator.families.stylegan2 import StyleGAN2
from postprocess import STEPS

ROOT = Path(__file__).resolve().parent.parent
LARGE: dict[str, Any]
SMALL: dict[str, Any]
LARGE, SMALL = ({"resolution": 256, "channel_base": 16384}, {"resolution": 64, "channel_base": 8192})
MODELS = (LARGE, LARGE, SMALL, SMALL, SMALL)
THREADS = 4  # that ask at once, as browsers do: two pictures, details, neighbours
LIMIT_GB = 1.6
Row = tuple[str, float]


def make_models(folder: Path) -> list[str]:
    """Write the five models as opened ones are kept; their tokens."""
    tokens = []
    for number, size in enumerate(MODELS):
        torch.manual_seed(number)
        config = GeneratorConfig(**size, num_classes=0, head="rgb")
        vectors = torch.linalg.qr(torch.randn(config.w_dim, 4))[0].T
        token, name = secrets.token_hex(8), f"opened-{number}"
        model = Model(
            name=name,
            version=token,
            family=StyleGAN2(Generator(config), None),
            classes=(),
            averages=Averages(torch.zeros(config.w_dim)),
            directions=tuple(Direction(f"pc{i + 1}", f"less ↔ more {i}", v, 1.0) for i, v in enumerate(vectors)),
            calibration=None,
            provenance=Provenance("Nothing", "CC0-1.0", "Nobody", "random numbers"),
        )
        save_checkpoint(model, folder / token / name)
        tokens.append(token)
    return tokens


@contextmanager
def program(kept: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The program, serving on `port`, until it is not needed any more."""
    command = [sys.executable, "app.py", "--port", str(port), "--models", str(kept), "--precision", "fp32"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        for _ in range(3000):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                raise SystemExit("The program did not start.")
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.wait()


class Page:
    """One page of the program, asked as its script asks: values of controls in, answers out."""

    def __init__(self, client: httpx.Client, path: str) -> None:
        self.client, self.path = client, path
        client.get(path or "/").raise_for_status()
        config = client.get(f"{path}config").raise_for_status().json()
        live = [each for each in config["components"] if each["props"].get("elem_id") == "live"]
        self.live = live[0]["id"]

    def ask(self, name: str, data: Any) -> dict[str, Any]:
        """Call a server function of the live view; an error is an error here."""
        body = {"session_hash": "bench", "component_id": self.live, "fn_name": name, "data": data}
        answer: dict[str, Any] = self.client.post(f"{self.path}gradio_api/component_server", json=body).json()
        if "error" in answer:
            raise SystemExit(f"{self.path}: {answer['error']}")
        return answer

    def values(self, query: str) -> list[Any]:
        """The controls' values for a link."""
        found: list[Any] = self.ask("restore", {"query": query})["values"]
        return found

    def look(self, query: str, more: bool = False) -> None:
        """A picture with its details and, where the hand rests, its neighbours."""
        values = self.values(query)
        self.ask("picture", {"values": values, "read": True})
        self.ask("details", {"values": values})
        if more:
            self.ask("neighbours", {"values": values})


def resident(pid: int) -> float:
    """The resident size of a process in GB (10⁹ bytes)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e9


def walk(address: str, pid: int, tokens: list[str], seconds: float) -> Iterator[Row]:
    """The parts of the walk, and what the program holds after each."""
    with httpx.Client(base_url=address, timeout=300, trust_env=False) as client, ThreadPoolExecutor(THREADS) as pool:

        def all_of(page: Page, queries: list[str], more: bool = False) -> None:
            list(pool.map(lambda query: page.look(query, more), queries))

        home = Page(client, "")
        home.look("seed=0", more=True)
        yield "started, one picture", resident(pid)
        all_of(home, [f"seed=1&step={name}" for name in STEPS])
        yield f"{len(STEPS)} steps", resident(pid)
        opened = [Page(client, f"yours/{token}/") for token in tokens]
        for page in opened:
            page.look("seed=0", more=True)
        yield f"{len(opened)} models opened", resident(pid)
        for page in opened[:2]:
            all_of(page, [f"seed={seed}&psi=0.9" for seed in range(100)])
            yield "one of them explored", resident(pid)
        ends, number = time.monotonic() + seconds, 0
        for half in (seconds / 2, 0.0):
            while time.monotonic() < ends - half:
                all_of(home, [f"seed=5&psi={(number + i) % 1500 / 1000}" for i in range(20)])
                number += 20
            yield f"a drag, {number} pictures so far", resident(pid)


def main() -> int:
    """Walk and print; 1 if it held more than LIMIT_GB at the end, or grew by over 2 % in the drag's second half."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the drag is (default: %(default)s)")
    args = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        tokens = make_models(Path(folder))
        with program(Path(folder), port) as process:
            for what, size in walk(f"http://127.0.0.1:{port}/", process.pid, tokens, args.seconds):
                rows.append((what, size))
                print(f"{what:40}{size:6.2f} GB", flush=True)
    grown = rows[-1][1] / rows[-2][1] - 1
    print(json.dumps({"parts": rows, "end_gb": rows[-1][1], "grown_in_drag": grown, "limit_gb": LIMIT_GB}))
    return int(rows[-1][1] > LIMIT_GB or grown > 0.02)


if __name__ == "__main__":
    sys.exit(main())
