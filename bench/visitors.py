"""How many visitors does it carry? Many drag at once, over HTTP as the live view's script does, and are watched.

    python -m bench.visitors [--visitors 50] [--seconds 60] [--slow-steps] [--open FILE] [--browsers 2] [--log FILE]

Starts the program on a free port of this machine and speaks to nothing else. Each visitor drags for a second or two and
lets go, again and again: two requests in flight, of what waits only the newest is asked. Every answer must be the
visitor's own. `--slow-steps`: one more visitor asks for sixteen slow steps without end; `--open`: one opens a file.

Prints a table, a line for each kind of failure with its count, and, as its last line, one JSON object; `--log` keeps
what the program said. Exit code 1 if a bound was broken:
nobody waits over 2 s for the picture of the last value, the least gets 60 % of the mean of frames, no answer is
another's, other pages answer, memory stays, and nothing stops all visitors for more than 250 ms (against the gap that
is there without the disturbance, on a machine that does other things).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[1]
MOST_VISITORS, MOST_SECONDS = 200, 900.0
IN_FLIGHT = 2
MOVE_SECONDS = 1 / 30  # between two moves of a hand
DRAG_SECONDS, REST_SECONDS = 1.5, 0.5
OVERTAKE_SECONDS = 0.15
SLOW = ("denoise", "boundaries", "overlay", "median")  # the slowest of the steps; repeated to sixteen
LAST_VALUE, FAIREST, STALL, MEMORY = 2.0, 0.6, 0.25, 1.1
OPENING = 300.0  # seconds that a file is waited for after the rest
CACHES = 192  # MB, which fill as pictures are made
SHOWN = 200  # characters of an answer that failed
LOCAL = ("127.0.0.1", "::1", "localhost")


@dataclass
class View:
    """What a page's script knows of its live view."""

    root: str
    component: int
    names: list[str]
    initial: list[Any]


@dataclass
class Visitor:
    """One hand, and what it saw."""

    number: int
    view: View
    client: httpx.AsyncClient
    key: str = field(default_factory=lambda: secrets.token_hex(16))
    frames: list[float] = field(default_factory=list)  # when each arrived
    waits: list[float] = field(default_factory=list)  # seconds from the last value of a drag to its picture
    wrong: int = 0  # answers that were another's
    failed: Counter[str] = field(default_factory=Counter)  # how often each kind of failure came
    busy: int = 0
    asked: int = 0
    shown: int = 0

    async def ask(self, changes: dict[str, Any], rests: bool = False) -> bool:
        """One request; whether its picture, or a newer one's, came. `rests`: the hand has let go."""
        self.asked += 1
        number = self.asked
        values = [changes.get(name, value) for name, value in zip(self.view.names, self.view.initial, strict=True)]
        data = {
            "values": values,
            "read": number % 4 == 0,
            "draft": True,
            "rests": rests,
            "job": {"key": self.key, "number": number},
        }
        answer = await self.call("picture", data)
        if answer is None:
            return False
        if answer.get("busy"):
            self.busy += 1
            await asyncio.sleep(answer["busy"] / 1000)
            return False
        if answer.get("stopped"):
            return self.shown > number
        if f"seed={changes['seed']}&" not in answer["query"] + "&":
            self.wrong += 1
        self.frames.append(time.monotonic())
        self.shown = max(self.shown, number)
        return True

    async def drag(self, until: float) -> None:
        """Drag and let go until then. Seeds are this visitor's alone."""
        seed = self.number * 1_000_000
        flying: set[asyncio.Task[bool]] = set()
        resting: list[asyncio.Task[None]] = []
        await asyncio.sleep(self.number % 10 * 0.1)
        while time.monotonic() < until:
            end = time.monotonic() + DRAG_SECONDS
            last, asked = seed, seed
            while time.monotonic() < end:
                seed = last = seed + 1
                if len(flying) < IN_FLIGHT:
                    asked = last
                    flying.add(task := asyncio.create_task(self.ask({"seed": last})))
                    task.add_done_callback(flying.discard)
                await asyncio.sleep(MOVE_SECONDS)
            let_go = time.monotonic()
            if asked == last:  # it is on its way as one frame of many
                await asyncio.wait(flying, timeout=OVERTAKE_SECONDS)
            elif len(flying) >= IN_FLIGHT:  # the value at which a hand rests overtakes
                await asyncio.wait(flying, timeout=OVERTAKE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if asked != last or flying:
                while not await self.ask({"seed": last}, rests=True) and time.monotonic() < until + 10:
                    pass
            self.waits.append(time.monotonic() - let_go)
            resting = [asyncio.create_task(self.rest(name, {"seed": last})) for name in ("details", "neighbours")]
            await asyncio.sleep(REST_SECONDS)
        await asyncio.gather(*flying, *resting)

    async def rest(self, function: str, changes: dict[str, Any]) -> None:
        """What the page asks for when the hand rests."""
        values = [changes.get(name, value) for name, value in zip(self.view.names, self.view.initial, strict=True)]
        await self.call(function, {"values": values, "job": {"key": self.key, "number": self.asked}})

    async def call(self, function: str, data: Any) -> dict[str, Any] | None:
        """What a server function answers; None, and counted with its kind, where that failed."""
        try:
            answer = await call(self.client, self.view, function, data, self.key)
        except httpx.HTTPStatusError as error:
            kind = f"status {error.response.status_code}, {error.response.text[:SHOWN]!r}"
        except (httpx.HTTPError, ValueError) as error:
            kind = f"{type(error).__name__} {error}".strip()[:SHOWN]
        else:
            if "error" not in answer:
                return answer
            kind = str(answer["error"])[:SHOWN]
        self.failed[f"{function}: {kind}"] += 1
        return None


async def call(client: httpx.AsyncClient, view: View, function: str, data: Any, session: str) -> dict[str, Any]:
    """What a server function of the live view answers; HTTPError, or ValueError for what is no JSON."""
    body = {"session_hash": session, "component_id": view.component, "fn_name": function, "data": data}
    answer = await client.post(f"{view.root}/gradio_api/component_server", json=body)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def read_view(html: str) -> View:
    """The live view of a page, from its HTML; ValueError if there is none."""
    found = re.search(r"window\.gradio_config = (\{.*?\});</script>", html)
    config = json.loads(found.group(1)) if found else {"components": []}
    views = [each for each in config["components"] if each["props"].get("elem_id") == "live"]
    if not views:
        raise ValueError("There is no live view on this page.")
    settings = json.loads(views[0]["props"]["props"]["settings"])
    return View(config["root"], views[0]["id"], settings["names"], settings["initial"])


@dataclass
class Server:
    """The program on this machine."""

    url: str
    process: subprocess.Popen[bytes]

    def megabytes(self) -> float:
        """Resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


@asynccontextmanager
async def program(arguments: list[str], client: httpx.AsyncClient, kept: Path | None = None) -> AsyncIterator[Server]:
    """The program, started on a free port of this machine and ended afterwards; `kept`: where its log goes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(ROOT / "app.py"), "--port", str(port), *arguments]
    with tempfile.TemporaryFile() if kept is None else kept.open("w+b") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        server = Server(f"http://127.0.0.1:{port}/", process)
        try:
            while process.poll() is None:
                try:
                    if (await client.get(f"{server.url}healthz")).status_code == 200:
                        break
                except httpx.TransportError:
                    await asyncio.sleep(0.2)
            if process.poll() is not None:
                log.seek(0)
                raise SystemExit(log.read().decode(errors="replace"))
            yield server
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:  # in the midst of a file that a visitor brought
                process.kill()
                process.wait()


async def look_round(client: httpx.AsyncClient, server: Server, until: float, pages: list[float]) -> None:
    """Another visitor opens a page each second."""
    while time.monotonic() < until:
        began = time.monotonic()
        (await client.get(server.url)).raise_for_status()
        pages.append(time.monotonic() - began)
        await asyncio.sleep(1.0)


async def burden(visitor: Visitor, until: float) -> int:
    """Sixteen slow steps, over and over; how many such pictures came."""
    steps = [{"name": SLOW[i % len(SLOW)]} for i in range(16)]
    seed = 0
    while time.monotonic() < until:
        seed += 1
        await visitor.ask({"seed": visitor.number * 1_000_000 + seed, "steps": steps})
    return len(visitor.frames)


def gaps(visitors: list[Visitor], begin: float, end: float) -> list[float]:
    """Seconds between two pictures, of anybody's."""
    times = sorted(each for visitor in visitors for each in visitor.frames if begin <= each <= end)
    return [after - before for before, after in pairwise(times)]


def failures(visitors: list[Visitor]) -> Counter[str]:
    """How often each kind of failure came, over all visitors."""
    return sum((visitor.failed for visitor in visitors), Counter[str]())


def summary(visitors: list[Visitor], seconds: float) -> dict[str, float]:
    """What the watching found, in seconds and frames a second."""
    counts = [len(visitor.frames) for visitor in visitors]
    waits = sorted(wait for visitor in visitors for wait in visitor.waits) or [0.0]
    return {
        "visitors": len(visitors),
        "frames_a_second": round(sum(counts) / seconds, 1),
        "least_to_mean": round(min(counts) / max(statistics.mean(counts), 1e-9), 3),
        "last_value_median": round(statistics.median(waits), 3),
        "last_value_longest": round(waits[-1], 3),
        "wrong": sum(visitor.wrong for visitor in visitors),
        "failed": failures(visitors).total(),
        "busy": sum(visitor.busy for visitor in visitors),
    }


async def measure(options: argparse.Namespace) -> tuple[dict[str, float], Counter[str]]:
    """Start the program, let the visitors in, disturb them, and sum up; and what failed."""
    async with (
        AsyncExitStack() as stack,
        httpx.AsyncClient(trust_env=False, timeout=120) as client,
        program(options.arguments, client, options.log) as server,
    ):
        view = read_view((await client.get(server.url)).text)
        if httpx.URL(view.root).host not in LOCAL:
            raise SystemExit("only a program on this machine is asked")
        # A client each, as a browser each: one for all looks through everybody's connections at every request, and the
        # watching would be slower than what is watched.
        clients = [httpx.AsyncClient(trust_env=False, timeout=120) for _ in range(options.visitors)]
        for each in clients:
            await stack.enter_async_context(each)
        visitors = [Visitor(number + 1, view, own) for number, own in enumerate(clients)]
        await visitors[0].ask({"seed": 1})
        visitors[0].frames.clear()
        memory = server.megabytes()
        begin = time.monotonic()
        quiet, until = begin + options.seconds / 2, begin + options.seconds
        pages: list[float] = []
        tasks = [asyncio.create_task(visitor.drag(until)) for visitor in visitors]
        tasks.append(asyncio.create_task(look_round(client, server, until, pages)))
        await asyncio.sleep(options.seconds / 2)
        settled = server.megabytes()
        disturbed: list[asyncio.Task[Any]] = []
        slow = Visitor(len(visitors) + 1, view, client)
        if options.slow_steps:
            disturbed.append(asyncio.create_task(burden(slow, until)))
        opening = None
        if options.open is not None:
            opening = asyncio.create_task(open_file(server.url, options.open))
            disturbed.append(opening)
        if options.browsers:
            await browse(server.url, options.browsers, until)
        await asyncio.gather(*tasks)
        found = summary(visitors, options.seconds)
        found |= {
            "longest_gap": round(max(gaps(visitors, begin + 1, quiet), default=0.0), 3),
            "longest_gap_disturbed": round(max(gaps(visitors, quiet, until), default=0.0), 3),
            "page_median": round(statistics.median(pages), 3),
            "page_longest": round(max(pages), 3),
            "megabytes_before": round(memory),
            "megabytes_half": round(settled),
            "megabytes_after": round(server.megabytes()),
        }
        if opening is not None:  # perhaps not done yet: what it did to the others is known by now
            with suppress(TimeoutError):
                found["opened_seconds"] = round(await asyncio.wait_for(opening, OPENING), 1)
        for task in disturbed:
            task.cancel()
        await asyncio.gather(*disturbed, return_exceptions=True)
        return found, failures([*visitors, slow])


async def open_file(url: str, path: Path) -> float:
    """A visitor opens a file of their own, by the page's own way: uploads it, then presses the button. Returns the
    seconds until it is open; RuntimeError if it is refused."""
    began, last = time.monotonic(), ""
    async with httpx.AsyncClient(trust_env=False, timeout=None) as client:
        with path.open("rb") as file:
            sent = await client.post(f"{url}gradio_api/upload", files={"files": (path.name, file)})
        (there,) = sent.json()
        config = (await client.get(f"{url}config")).json()
        (run,) = [each for each in config["dependencies"] if each["api_name"] == "open_file"]
        data = [{"path": there, "orig_name": path.name, "meta": {"_type": "gradio.FileData"}}, None, None]
        body = {"data": data, "fn_index": run["id"], "session_hash": secrets.token_hex(8)}
        (await client.post(f"{url}gradio_api/queue/join", json=body)).raise_for_status()
        where = f"{url}gradio_api/queue/data?session_hash={body['session_hash']}"
        async with client.stream("GET", where) as events:
            async for line in events.aiter_lines():
                last = line if "own-link" in line else last
                if '"process_completed"' in line:
                    break
    if not last:
        raise RuntimeError(f"{path.name} was not opened")
    return time.monotonic() - began


async def browse(url: str, count: int, until: float) -> None:
    """Real browsers roll the dice until then; each must show a picture of its own in the end."""
    from shutil import which

    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=which("chromium"), args=["--no-sandbox"])
        pages = [await (await browser.new_context()).new_page() for _ in range(count)]
        for page in pages:
            await page.goto(url)
            await page.wait_for_selector("#live img.after[src]", timeout=60_000)
        while time.monotonic() < until:
            for page in pages:
                await page.keyboard.press("d")
            await asyncio.sleep(0.5)
        await browser.close()


def broken(found: dict[str, float], disturbed: bool) -> list[str]:
    """A line for each bound that was not kept."""
    stall = max(found["longest_gap"], STALL) + STALL if disturbed else float("inf")
    bounds = {
        f"the picture of a last value took {found['last_value_longest']} s": found["last_value_longest"] <= LAST_VALUE,
        f"the least got {found['least_to_mean']:.0%} of the mean": found["least_to_mean"] >= FAIREST,
        f"{found['wrong']:.0f} answers were another's": not found["wrong"],
        f"{found['failed']:.0f} requests failed": not found["failed"],
        f"all were stopped for {found['longest_gap_disturbed']} s": found["longest_gap_disturbed"] <= stall,
        f"memory grew to {found['megabytes_after']:.0f} MB": found["megabytes_after"]
        <= MEMORY * found["megabytes_half"] + CACHES + (1500 if disturbed else 0),
    }
    return [line for line, kept in bounds.items() if not kept]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--visitors", type=int, default=50, help=f"1 to {MOST_VISITORS} (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=60.0, help=f"5 to {MOST_SECONDS:.0f} (default: %(default)s)")
    parser.add_argument("--slow-steps", action="store_true", help="in the second half one more asks for 16 slow steps")
    parser.add_argument("--open", type=Path, metavar="FILE", help="in the second half one more opens this checkpoint")
    parser.add_argument("--browsers", type=int, default=0, help="real browsers beside them, at most 4")
    parser.add_argument("--log", type=Path, metavar="FILE", help="keep what the program says there")
    parser.add_argument("arguments", nargs="*", help="for app.py, after --")
    options = parser.parse_args()
    options.visitors = min(max(options.visitors, 1), MOST_VISITORS)
    options.seconds = min(max(options.seconds, 5.0), MOST_SECONDS)
    options.browsers = min(max(options.browsers, 0), 4)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    found, failed = asyncio.run(measure(options))
    lines = broken(found, options.slow_steps or options.open is not None)
    for name, value in found.items():
        print(f"{name.replace('_', ' '):24}{value:>12}")
    print(*lines, sep="\n", end="\n" if lines else "")
    for kind, count in failed.most_common():
        print(f"failed {count} times: {kind}")
    print(json.dumps({**found, "broken": lines}))
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
