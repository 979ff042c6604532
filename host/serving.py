"""What stands between the network and the page: a proxy's prefix, and a way to ask whether all is well.

A page behind a proxy at https://example.org/atelier/ must know its prefix, or all its links lead astray. By
ASGI's rules the path holds the prefix and `root_path` says how much of it that is; then every router below (that of
opened models, too) and every address that Gradio makes from the request are right.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.routing import Route

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PREFIX = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*")
KEEP_SECONDS = 75  # for which a connection may rest: above nginx's 60, below the minutes of browsers
LOCAL = "127.0.0.1,::1"  # whom uvicorn trusts, unless FORWARDED_ALLOW_IPS says otherwise
HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")


def root_path(text: str) -> str:
    """A prefix ("/atelier") or whole address ("https://example.org/atelier") without slashes at its end; ValueError."""
    text = text.strip().rstrip("/")
    parts = urlsplit(text)
    path = parts.path if parts.scheme else text
    if not PREFIX.fullmatch(path) or "/../" in f"{path}/" or (parts.scheme and not HOST.fullmatch(parts.netloc)):
        raise ValueError(f"a prefix is a path such as /atelier, or an address with one, not {text!r}")
    if parts.scheme not in ("", "http", "https"):
        raise ValueError(f"a prefix is a path such as /atelier, or an address with one, not {text!r}")
    return text


def keep_connections(server: Any) -> None:
    """Let a server of uvicorn's keep its connections for longer than those who ask do.

    Its own five seconds are those of httpx, and so of Gradio's client: a request on a connection that is just being
    closed fails. Browsers then ask again, programs do not, and nginx, with sixty seconds, answers 502.
    """
    server.config.timeout_keep_alive = KEEP_SECONDS


def around(app: Mapping[str, Any], prefix: str, facts: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """The arguments of an application, with `Behind(prefix)` before it and `Health(facts)` at /healthz."""
    routes = [Route("/healthz", Health(facts)), *app.get("routes", [])]
    middleware: list[Any] = [Middleware(Behind, prefix=prefix), *app.get("middleware", [])]
    return {**app, "routes": routes, "middleware": middleware}


class Behind:
    """ASGI middleware: the prefix given at start, else the one that a trusted proxy names in X-Forwarded-Prefix.

    A proxy may pass the prefix on or take it off. `trusted`: addresses and networks as in FORWARDED_ALLOW_IPS.
    """

    def __init__(self, app: App, prefix: str = "", trusted: str | None = None) -> None:
        self.app = app
        parts = urlsplit(prefix)
        self.prefix, self.address = parts.path, (parts.scheme, parts.netloc) if parts.scheme else None
        self.everybody, self.networks = _networks(trusted or os.environ.get("FORWARDED_ALLOW_IPS") or LOCAL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its full path; redirects stay behind the prefix."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        scope = self.placed(scope)
        prefix = scope["root_path"]

        async def keep_prefix(message: Message) -> None:
            if prefix and message["type"] == "http.response.start":
                message["headers"] = [(name, _inside(name, value, prefix)) for name, value in message["headers"]]
            await send(message)

        await self.app(scope, receive, keep_prefix)

    def placed(self, scope: Scope) -> Scope:
        """The same request with its prefix and, where that is known, the name that the visitor asked for."""
        headers = [(name.lower(), value) for name, value in scope["headers"]]
        given = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(headers)}
        trusted = self._trusts(scope.get("client"))
        prefix = self.prefix
        if not prefix and trusted:
            named = given.get("x-forwarded-prefix", "").split(",")[0].strip().rstrip("/")
            prefix = named if PREFIX.fullmatch(named) and "/../" not in f"{named}/" else ""
        scheme, host = self.address or ("", "")
        if not host and trusted:
            host = given.get("x-forwarded-host", "").split(",")[0].strip()
            host = host if HOST.fullmatch(host) else ""
        if host:  # Gradio would make the address of X-Forwarded-Host alone, without the prefix
            dropped = {b"host", b"x-forwarded-host"} | ({b"x-forwarded-proto"} if scheme else set())
            headers = [(name, value) for name, value in headers if name not in dropped]
            headers.append((b"host", host.encode("latin-1")))
        path = scope["path"]
        if prefix and path != prefix and not path.startswith(f"{prefix}/"):
            path = prefix + path
        if path == prefix:
            path += "/"
        raw = path.encode() if prefix else scope.get("raw_path")
        scheme = scheme or scope.get("scheme", "http")
        return {**scope, "path": path, "raw_path": raw, "root_path": prefix, "headers": headers, "scheme": scheme}

    def _trusts(self, client: tuple[str, int] | None) -> bool:
        if self.everybody or client is None:  # no client: a socket of this machine
            return True
        host, port = client
        if port == 0:
            return True  # no connection has that port: uvicorn has put a visitor in a trusted proxy's place already
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self.networks)


class Health:
    """An ASGI application for /healthz: 200 and `facts()` as JSON, or 503 where that says `"ok": false`.

    It waits for nothing that a picture waits for."""

    def __init__(self, facts: Callable[[], Mapping[str, Any]]) -> None:
        self.facts = facts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at once."""
        facts = self.facts()
        status = 200 if facts.get("ok", True) else 503
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(facts).encode()})


def _networks(text: str) -> tuple[bool, list[ipaddress.IPv4Network | ipaddress.IPv6Network]]:
    """Whether everybody is trusted, and the networks that are; what is no address is nobody."""
    entries: Iterable[str] = [entry.strip() for entry in text.split(",")]
    found = []
    for entry in entries:
        try:
            found.append(ipaddress.ip_network(entry, strict=False))
        except ValueError:
            continue
    return "*" in entries, found


def _inside(name: bytes, value: bytes, prefix: str) -> bytes:
    """A redirect to a path of this host, kept behind the prefix; any other header as it is."""
    start = prefix.encode()
    if name.lower() != b"location" or not value.startswith(b"/") or value.startswith(b"//"):
        return value
    return value if value == start or value.startswith(start + b"/") else start + value
