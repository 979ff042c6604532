"""JavaScript outside of a browser, by the node that comes with playwright. `python -m tests.node` checks every script's
syntax."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import playwright

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("ui", "bench", "tests")


def node_path() -> Path:
    """Where node is."""
    driver = Path(playwright.__file__).parent / "driver"
    return next(path for path in (driver / "node", driver / "node.exe") if path.exists())


def scripts() -> list[Path]:
    """Every script of the project."""
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.js"))


def run_node(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run node to its end."""
    return subprocess.run([node_path(), *arguments], capture_output=True, text=True, cwd=ROOT, timeout=60)


def complaints(paths: list[Path]) -> list[str]:
    """What node says of the scripts that it cannot read."""
    runs = ((path, run_node("--check", path)) for path in paths)
    return [f"{path.name}: {run.stderr.strip()}" for path, run in runs if run.returncode]


if __name__ == "__main__":
    found = complaints(scripts())
    print("\n".join(found) or f"{len(scripts())} scripts can be read.")
    sys.exit(bool(found))
