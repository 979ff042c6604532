"""The way in: parse the arguments, build the page, launch it. Nothing else happens here."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # left out where PYTHONSAFEPATH is set

from host import around, end, keep_connections, mend_streams, prepare, root_path, wait_until_asked

# Read once, when torch, NumPy and Gradio are imported: idle threads sleep after a spin, nothing is reported outside.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a second thread only spins at products as small as ours
os.environ.setdefault("MKL_DISABLE_FAST_MM", "1")  # else each of the server's threads keeps 3.7 MB once it has painted
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

CHECKPOINTS = Path(__file__).resolve().parent / "checkpoints"
LOCALHOST = "127.0.0.1"
GRADIO = "GRADIO_"  # begins variables of another program's: they would change what is said here, or stop it
KEPT = ("GRADIO_ANALYTICS_ENABLED", "GRADIO_TEMP_DIR")


def port_number(text: str) -> int:
    """A TCP port, 1 to 65535."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, not {text!r}")
    return int(text)


def megabytes(text: str) -> int:
    """A size from 1 MB to 1 TB."""
    if not text.isdecimal() or not 1 <= int(text) <= 1 << 20:
        raise argparse.ArgumentTypeError(f"a size is a number of MB from 1 to {1 << 20}, not {text!r}")
    return int(text)


def prefix(text: str) -> str:
    """What stands before the page's path, without slashes at its end."""
    try:
        return root_path(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line. On a Hugging Face Space (SPACE_ID is set) the page must be reachable from outside."""
    parser = argparse.ArgumentParser(description="Latent Atelier: look inside a generative network, in your browser.")
    parser.add_argument(
        "checkpoint",
        nargs="?",
        metavar="CHECKPOINT",
        help="another program's file (.pkl, .pt, .pth, .safetensors), a checkpoint's folder, or owner/name on the "
        "Hugging Face hub: shown first",
    )
    host = os.environ.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if "SPACE_ID" in os.environ else LOCALHOST)
    parser.add_argument("--host", default=host, type=bare, help="address to listen on (default: %(default)s)")
    port = os.environ.get("GRADIO_SERVER_PORT") or "7860"
    parser.add_argument("--port", default=port, type=port_number, help="port to listen on (default: %(default)s)")
    parser.add_argument("--model", default="orchard", help="model shown first (default: %(default)s)")
    parser.add_argument("--checkpoints", default=CHECKPOINTS, type=Path, metavar="FOLDER", help="one folder a model")
    precisions = ("auto", "fp32", "mixed", "bf16")
    parser.add_argument("--precision", default="auto", choices=precisions, help="auto: whichever is faster here")
    parser.add_argument(
        "--uploads",
        default=None,
        action=argparse.BooleanOptionalAction,
        help="let visitors open checkpoints of their own (default: only where the page is for this machine alone)",
    )
    parser.add_argument(
        "--upload-limit",
        default=2048,
        type=megabytes,
        metavar="MB",
        help="size of such a file, also on the hub (default: %(default)s)",
    )
    parser.add_argument(
        "--models",
        default=None,
        type=Path,
        metavar="FOLDER",
        help="where opened checkpoints are kept (default: ~/.cache/latent-atelier/models)",
    )
    parser.add_argument(
        "--root-path",
        default=os.environ.get("GRADIO_ROOT_PATH", ""),
        type=prefix,
        metavar="PREFIX",
        help="path of the page behind a proxy, such as /atelier, where the proxy does not say X-Forwarded-Prefix",
    )
    parser.add_argument("--mcp", action="store_true", help="also serve the tools to language models, /gradio_api/mcp/")
    parser.add_argument("--share", action="store_true", help="also open a public link through Gradio's servers")
    options = parser.parse_args(arguments)
    if options.uploads is None:
        options.uploads = is_private(options)
    return options


def is_private(options: argparse.Namespace) -> bool:
    """Whether the page can be reached from this machine alone."""
    return options.host in (LOCALHOST, "localhost", "::1") and not options.share and "SPACE_ID" not in os.environ


def bare(host: str) -> str:
    """An address of IPv6 may come in the brackets that it has in links."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def bracketed(host: str) -> str:
    """The same with its brackets, with which Gradio makes addresses of it."""
    return f"[{host}]" if ":" in host else host


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


def say(what: str, share: float) -> None:
    """Tell the one who waits at the command line what is being done."""
    print(f"\r{share:4.0%} {what:<40}", end="\n" if share >= 1 else "", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted, and end the process then; 2, after one sentence, where that cannot begin."""
    options = parse_arguments(arguments)
    if options.mcp and find_spec("mcp") is None:
        print('--mcp needs one more package: pip install "gradio[mcp]".', file=sys.stderr)
        return 2
    for name in [name for name in os.environ if name.startswith(GRADIO) and name not in KEPT]:  # ours are read by now
        del os.environ[name]
    try:
        require_free(options.host, options.port)
        for sentence in prepare():
            print(sentence, file=sys.stderr, flush=True)
        from studio import LOCAL, Studio, Visitors, given_model  # after the arguments: --help answers at once

        precision = None if options.precision == "auto" else options.precision
        kept, default, further = options.models or LOCAL, options.model, {}
        if options.checkpoint is not None:
            default, folder = given_model(options.checkpoint, kept, options.upload_limit << 20, say)
            further = {default: folder}
        studio = Studio(
            options.checkpoints,
            default,
            precision,
            further,
            kept=kept if options.uploads and is_private(options) else None,
        )
        visitors = Visitors(studio, options.upload_limit << 20) if options.uploads else None
    except OSError as error:
        print(f"{error.filename}: {error.strerror}." if error.filename else error, file=sys.stderr)
        return 2
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    from ui import build_page, launch_options, visitors_pages

    address = {"server_name": bracketed(options.host), "server_port": options.port, "share": options.share}
    own = None if visitors is None else visitors_pages(studio, visitors)
    page = build_page(studio, own)
    told = launch_options(studio, own, options.upload_limit)
    facts = {"models": [model["name"] for model in studio.models()], "cannot be opened": list(studio.unopened)}
    told["app_kwargs"] = around(told["app_kwargs"], options.root_path, lambda: {"ok": bool(facts["models"]), **facts})
    page.launch(**address, **told, mcp_server=options.mcp, prevent_thread_lock=True)
    keep_connections(page.server)
    wait_until_asked(lambda: page.is_running)
    end(0, *([] if visitors is None else [visitors.close]))


if __name__ == "__main__":
    mend_streams()
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # before there is a page
        end(128 + signal.SIGINT)
