"""What opening a checkpoint takes: `python -m bench.opening FILE [--precision bf16] [--repeats 3]`

Each repeat is a fresh process that has loaded everything and made a convolution before it looks at the file; "extra" is
the growth of its highest resident size until the model is open. Prints a line each and, as the last line, a JSON list.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in what getrusage counts


def peak() -> int:
    """The highest resident size so far, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT


def once(path: Path, precision: str | None) -> dict[str, float]:
    """Open it here: seconds, and extra bytes."""
    import torch

    from generator import open_checkpoint

    torch.nn.functional.conv2d(torch.zeros(1, 8, 8, 8), torch.zeros(8, 8, 3, 3))
    before, began = peak(), time.perf_counter()
    open_checkpoint(path, precision=precision)
    return {"seconds": time.perf_counter() - began, "extra": peak() - before}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.opening", description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--precision", choices=("fp32", "bf16"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.here:
        print(json.dumps(once(args.file, args.precision)))
        return
    size = args.file.stat().st_size
    command = [sys.executable, "-m", "bench.opening", str(args.file), "--here"]
    command += ["--precision", args.precision] if args.precision else []
    rows = []
    for _ in range(args.repeats):
        rows.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        seconds, extra = rows[-1]["seconds"], rows[-1]["extra"]
        print(f"{size >> 20} MiB: {seconds:.2f} s, {extra / 2**20:.0f} MiB extra, {extra / size:.2f} times its size")
    print(json.dumps([{**row, "size": size} for row in rows]))


if __name__ == "__main__":
    main()
