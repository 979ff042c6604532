"""The real program where hosts put it: as another user, without a home, where little can be written, behind nginx."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from gradio_client import Client

from studio import recipe_from_png
from studio.visitors import local_folder
from tests.generator.formats import makers
from tests.ui.serving import MODEL, OTHER, tiny_studio

from .running import ROOT, Program, free_port, started

SOMEBODY = 54_321  # in no list of users
ODD = {"PATH": "", "GRADIO_TEMP_DIR": "/proc/none", "GRADIO_DEFAULT_CONCURRENCY_LIMIT": "x", "GRADIO_NUM_PORTS": "x"}
PROXIES = {"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "socks5://127.0.0.1:9", "NO_PROXY": "[::1],10.0.0.0/8"}


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can look into; pytest's own is for one."""
    folder = Path(tempfile.mkdtemp(prefix="atelier-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def somebody_else(folder: Path, mounts: str = "") -> list[str]:
    """What runs a command as another user, whose view of the machine has these mounts; skips where that needs rights
    that this process does not have."""
    if os.getuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"):
        pytest.skip("needs root, unshare and setpriv to become another user")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    # Where this Python lies in a closed folder (root's home, often), that is opened for the one process.
    base = Path(sys.base_prefix)
    closed = next((above for above in reversed(base.parents) if not above.stat().st_mode & stat.S_IXOTH), None)
    if closed is not None:
        python = folder / "python"
        python.mkdir()
        mounts = (
            f"mount --bind {shlex.quote(str(base))} {python}; mount -t tmpfs -o mode=755 none {closed}; "
            f"mkdir -p {shlex.quote(str(base))}; mount --bind {python} {shlex.quote(str(base))}; {mounts}"
        )
    user = f"exec setpriv --reuid {SOMEBODY} --regid {SOMEBODY} --clear-groups -- "
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", f'{mounts}\n{user} "$@"', "sh"]


def live(program: Program, page: str, request: dict[str, Any]) -> dict[str, Any]:
    """What the live view's server function answers, as the page's script asks it."""
    html = program.get(page).text
    config = json.loads(re.search(r"window\.gradio_config = (\{.*?\});</script>", html).group(1))  # type: ignore[union-attr]
    (view,) = [each for each in config["components"] if each["props"].get("elem_id") == "live"]
    names = json.loads(view["props"]["props"]["settings"])
    body = {
        "session_hash": "test",
        "component_id": view["id"],
        "fn_name": "picture",
        "data": {"values": names["initial"], **request},
    }
    answer = program.client.post(f"{config['root']}/gradio_api/component_server", json=body)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def shut(places: Sequence[str | Path]) -> str:
    """Mounts in which nobody can write there."""
    return "; ".join(f"mount --bind {each} {each}; mount -o remount,bind,ro {each}" for each in places)


def test_it_serves_where_little_can_be_written_and_the_first_model_not_be_read(open_folder: Path):
    tiny_studio(open_folder / "models")
    (open_folder / "models" / MODEL).chmod(0o700)
    full = "mount -t tmpfs -o size=64k,mode=777 none /media; head -c 64k /dev/zero >/media/full || true"
    theirs = "mount -t tmpfs -o size=64k,mode=755 none /tmp; mount -t tmpfs -o size=32m,mode=1777 none /dev/shm"
    command = somebody_else(open_folder, f"{full}; {theirs}; {shut([ROOT, '/var/tmp'])}")
    arguments: list[str | Path] = ["--checkpoints", open_folder / "models", "--model", MODEL]
    with started(open_folder, arguments, {**PROXIES, **ODD, "HOME": "", "TMPDIR": "/media"}, command) as program:
        first = program.get().text
        assert "no permission" in first and f'href=\\"{OTHER}\\"' in first
        assert live(program, OTHER, {})["picture"].startswith("data:image/jpeg")
        assert program.get("healthz").json() == {"ok": True, "models": [OTHER], "cannot be opened": [MODEL]}
        client = Client(program.url, verbose=False)
        with pytest.raises(Exception, match="cannot be opened"):
            client.predict({}, api_name="/render")
        path, _ = client.predict({"model": OTHER, "seed": 7}, api_name="/render")
        assert recipe_from_png(Path(path)).seed == 7
        said = program.log
    assert "Traceback" not in said
    for words in ("socksio", "home folder", "GRADIO_TEMP_DIR"):
        assert len([line for line in said.splitlines() if words in line]) == 1, said


def test_a_connection_may_rest_longer_than_programs_let_it(tmp_path: Path):
    tiny_studio(tmp_path / "checkpoints")

    def answers(rest: float) -> bool:
        connection.request("GET", "/healthz")
        read = connection.getresponse().read()
        time.sleep(rest)
        return bool(read)

    with started(tmp_path, ["--checkpoints", tmp_path / "checkpoints", "--model", MODEL]) as program:
        for early in (True, False):  # a first connection may come while the launch is still under way
            excused = suppress(RemoteDisconnected) if early else nullcontext()
            with excused, closing(HTTPConnection(urlsplit(program.url).netloc, timeout=60)) as connection:
                assert answers(6.5) and answers(0.0)  # uvicorn's own limit is five seconds, and so is that of httpx
                break


def test_where_nothing_at_all_can_be_written_it_says_so(open_folder: Path):
    command = somebody_else(open_folder, shut(["/tmp", "/var/tmp", "/dev/shm", ROOT]))
    variables = {"PATH": os.environ["PATH"]}
    run = [*command, sys.executable, str(ROOT / "app.py"), "--port", str(free_port())]
    done = subprocess.run(run, env=variables, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "TMPDIR" in done.stderr


@contextmanager
def nginx(folder: Path, upstream: str, location: str) -> Iterator[str]:
    """The address of a real reverse proxy; `location`: what stands in README."""
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if not found:
        pytest.skip("needs nginx")
    port = free_port()
    places = "".join(
        f"{each}_temp_path {folder}/{each};" for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log; events {{}}\n"
        f"http {{ access_log off; {places} server {{ listen 127.0.0.1:{port}; {location} }} }}"
    )
    with subprocess.Popen([found, "-e", folder / "nginx.log", "-c", folder / "nginx.conf"]) as process:
        try:
            for _ in range(200):
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()


def readme_location(upstream: str, prefix: str) -> str:
    """README's lines for nginx, with this prefix and this program."""
    (text,) = re.findall(r"(?ms)^ +location /atelier/ \{.*?^ +\}", (ROOT / "README.md").read_text(encoding="utf-8"))
    return str(text).replace("/atelier", prefix).replace("http://127.0.0.1:7860/", upstream)


def test_behind_nginx_every_page_link_and_file_keeps_the_prefix(open_folder: Path):
    tiny_studio(open_folder / "models")
    kept = open_folder / "kept"
    own = local_folder(makers.make("dcgan", open_folder).path, root=kept).parent.name
    for path in [*open_folder.rglob("*")]:
        assert path.is_dir() or path.stat().st_mode & stat.S_IROTH, f"{path} is for one user alone"
    arguments: list[str | Path] = ["--checkpoints", open_folder / "models", "--model", MODEL, "--models", kept]
    before = somebody_else(open_folder) if os.getuid() == 0 else []
    with (
        started(open_folder, arguments, {"HOME": ""}, before) as program,
        nginx(open_folder, program.url, readme_location(program.url, "/art/atelier")) as proxy,
    ):
        outside = Program(f"{proxy}art/atelier/", program.process, program.log_file, program.client)
        for page, root in (("", ""), (OTHER, ""), ("open-yours", ""), (f"yours/{own}/", f"/yours/{own}")):
            answer = outside.get(page)
            assert answer.status_code == 200
            assert f'"root":"{outside.url.rstrip("/")}{root}"' in answer.text
        assert live(outside, "", {})["picture"].startswith("data:image/jpeg")
        assert live(outside, f"yours/{own}/", {})["picture"].startswith("data:image/jpeg")
        for slash in (f"{OTHER}/", f"yours/{own}"):
            assert outside.get(slash).headers["location"].removeprefix(proxy.rstrip("/")).startswith("/art/atelier/")
        for client in (Client(outside.url, verbose=False), Client(f"{outside.url}yours/{own}/", verbose=False)):
            path, report = client.predict({"seed": 7}, api_name="/render")
            assert recipe_from_png(Path(path)).seed == report["recipe"]["seed"] == 7
        assert program.get("healthz").status_code == outside.get("healthz").status_code == 200
        assert "Traceback" not in program.log
