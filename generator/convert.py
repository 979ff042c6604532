"""The command that makes a checkpoint of this project of another program's.

    python -m generator.convert SOURCE [--critic FILE] [--out FOLDER] [--name NAME] [--class-names FILE] [--fp32]
                                [--real FOLDER_OR_ZIP] [--strict] [--skip-broken] [--ground COLOUR]
                                [--zip-names ENCODING]

See `generator.storage.conversion` for what it does.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from pictures import PicturesError, add_options, reading_of

from .errors import CheckpointError
from .storage.conversion import convert


def main(argv: list[str] | None = None) -> int:
    """Returns the exit code."""
    p = argparse.ArgumentParser(
        prog="python -m generator.convert", description="Make a checkpoint of this project of another program's."
    )
    p.add_argument("source", type=Path, help="the file: .pkl, .pt, .pth or .safetensors")
    p.add_argument("--critic", type=Path, metavar="FILE", help="a second file that holds the discriminator")
    p.add_argument("--out", type=Path, default=Path("checkpoints"), metavar="FOLDER", help="default: %(default)s")
    p.add_argument("--name", default="", help="the model's name; default: from the file's")
    p.add_argument("--class-names", type=Path, metavar="FILE", help="names of its classes: .txt, one a line, or .json")
    p.add_argument("--fp32", action="store_true", help="keep the weights in float32: twice as large")
    p.add_argument("--real", type=Path, metavar="FOLDER_OR_ZIP", help="real pictures to calibrate the critic with")
    add_options(p)
    args = p.parse_args(argv)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl+C: nothing half-written stays
    said = ""

    def say(what: str, share: float) -> None:
        nonlocal said
        if what != said:
            print(f"{share:4.0%} {what}", flush=True)
        said = what

    try:
        folder = convert(
            args.source,
            args.critic,
            args.out,
            args.name,
            class_names=args.class_names,
            half=not args.fp32,
            real=args.real,
            say=say,
            reading=reading_of(args),
            tell=lambda account: print("\n".join(account.lines()), flush=True),
        )
    except (CheckpointError, PicturesError, OSError) as error:
        print(f"convert: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("convert: stopped before it was done; nothing was written.", file=sys.stderr)
        return 128 + signal.SIGINT
    print(f"wrote {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
