"""Variables as they stand in people's environments, brought to what the libraries here understand: of proxies, and of
files for encrypted connections that are there no more.

A program that serves its own machine speaks to itself over HTTP when it starts, and must not ask a proxy for that. One
entry that httpx cannot read makes every call fail, the local ones first.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
LOCAL = ("localhost", "127.0.0.1", "::1")
SCHEMES = ("http", "https", "socks5", "socks5h")
NAME = re.compile(r"\*|[a-z0-9._*-]+(:\d{1,5})?", re.IGNORECASE)
OFFLINE = "HF_HUB_OFFLINE"


def mend_proxies(
    environment: Mapping[str, str], installed: Callable[[str], bool] = lambda name: find_spec(name) is not None
) -> tuple[dict[str, str | None], list[str]]:
    """What to change in the environment (None: remove), and a sentence for everything that is left out.

    Local addresses go past the proxies. Where one cannot be used at all, nothing is asked outside: whoever set it does
    not want to be seen without it.
    """
    changes: dict[str, str | None] = {}
    sentences: list[str] = []
    unusable = []
    for name in (each for upper in PROXIES for each in (upper, upper.lower())):
        if (value := environment.get(name, "").strip()) and (reason := _wrong(value, installed)):
            changes[name] = None
            unusable.append(f"{name} ({reason})")
    if unusable:
        changes[OFFLINE] = "1"
        sentences.append(f"{' and '.join(unusable)}: pages are served all the same, but nothing is asked of the hub.")
    listed = [environment.get(name, "") for name in ("NO_PROXY", "no_proxy")]
    entries = dict.fromkeys(entry.strip() for text in listed for entry in re.split(r"[,;\s]", text) if entry.strip())
    past = {entry: _entry(entry) for entry in entries}
    if left_out := [entry for entry, mended in past.items() if mended is None]:
        sentences.append(f"NO_PROXY holds what cannot be understood here, left out: {', '.join(left_out)}.")
    text = ",".join(dict.fromkeys([*filter(None, past.values()), *LOCAL]))
    if any(environment.get(name) for each in PROXIES for name in (each, each.lower())) or any(listed):
        changes |= {"NO_PROXY": text, "no_proxy": text}
    return changes, sentences


def mend_encryption(environment: Mapping[str, str]) -> tuple[dict[str, str | None], list[str]]:
    """The same for SSL_CERT_FILE and SSLKEYLOGFILE: left behind by an environment of conda's that is gone, or naming a
    place that cannot be written, either makes every client fail, even for calls that encrypt nothing."""
    changes: dict[str, str | None] = {}
    sentences: list[str] = []
    if certificates := environment.get("SSL_CERT_FILE"):
        try:
            ssl.create_default_context(cafile=certificates)
        except (OSError, ValueError):
            changes["SSL_CERT_FILE"] = None
            sentences.append("SSL_CERT_FILE names no file of certificates that can be read: the usual ones are used.")
    if keys := environment.get("SSLKEYLOGFILE"):
        try:
            Path(keys).open("ab").close()
        except (OSError, ValueError):
            changes["SSLKEYLOGFILE"] = None
            sentences.append("SSLKEYLOGFILE names no file that can be written: no keys are noted.")
    return changes, sentences


def _wrong(value: str, installed: Callable[[str], bool]) -> str:
    """Why a proxy cannot be used, without its name and password; "" if it can."""
    if value[0] in "\"'":
        return "is in quotation marks"
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, _ = parts.hostname, parts.port  # the port is only checked when asked for
    except ValueError:
        return "is no address"
    if parts.scheme not in SCHEMES:
        return f"{parts.scheme}:// is no kind of proxy that is known here"
    if not host or not host.isascii() or re.search(r"[\s<>\"{}|\\^`]", value):
        return "is no address"
    if parts.scheme.startswith("socks") and not installed("socksio"):
        return "for SOCKS proxies the package socksio is missing"
    return ""


def _entry(entry: str) -> str | None:
    """An entry of NO_PROXY as httpx takes it; None for what it cannot read, or nobody can."""
    bare = re.sub(r"^\[([0-9a-f:.]+)\](/\d+)?$", r"\1\2", entry, flags=re.IGNORECASE)
    try:
        network = ipaddress.ip_network(bare, strict=False)
    except ValueError:
        return entry if NAME.fullmatch(entry) else None
    if network.num_addresses == 1:
        return str(network[0])
    return bare if network.version == 4 else None  # httpx cannot read a network of IPv6 addresses
