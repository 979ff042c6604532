"""The way in: parse the arguments, build the page, launch it. Nothing else happens here."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

# Read once, when torch and Gradio are imported: idle threads sleep after a short spin, and nothing is reported outside.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

CHECKPOINTS = Path(__file__).resolve().parent / "checkpoints"
LOCALHOST = "127.0.0.1"


def port_number(text: str) -> int:
    """A TCP port, 1 to 65535."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, not {text!r}")
    return int(text)


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line. On a Hugging Face Space (SPACE_ID is set) the page must be reachable from outside."""
    parser = argparse.ArgumentParser(description="Latent Atelier: look inside a generative network, in your browser.")
    host = "0.0.0.0" if "SPACE_ID" in os.environ else LOCALHOST
    parser.add_argument("--host", default=host, help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", default=7860, type=port_number, help="port to listen on (default: %(default)s)")
    parser.add_argument("--model", default="orchard", help="model shown first (default: %(default)s)")
    parser.add_argument("--checkpoints", default=CHECKPOINTS, type=Path, metavar="FOLDER", help="one folder a model")
    precisions = ("auto", "fp32", "mixed", "bf16")
    parser.add_argument("--precision", default="auto", choices=precisions, help="auto: whichever is faster here")
    parser.add_argument("--share", action="store_true", help="also open a public link through Gradio's servers")
    return parser.parse_args(arguments)


def require_free(host: str, port: int) -> None:
    """Raise OSError with a clear sentence where `port` cannot be had: before torch is loaded, not seconds after."""
    for address in dict.fromkeys((host, LOCALHOST)):  # Gradio wants it on the local address, whatever the host
        try:
            family, kind, _, _, where = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(where)
        except OSError as error:
            raise OSError(f"Port {port} on {address} cannot be used: {error.strerror or error}.") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; 2, after one sentence, where that cannot begin."""
    options = parse_arguments(arguments)
    try:
        require_free(options.host, options.port)
        from studio import Studio  # after the arguments: --help and a mistyped port answer at once

        precision = None if options.precision == "auto" else options.precision
        studio = Studio(options.checkpoints, default=options.model, precision=precision)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    from ui import build_page, launch_options

    address = {"server_name": options.host, "server_port": options.port, "share": options.share}
    build_page(studio).launch(**address, **launch_options())
    return 0


if __name__ == "__main__":
    sys.exit(main())
