"""The command line: what cannot begin ends with one sentence and exit code 2, before anything is served."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app import bracketed, main, parse_arguments

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _nobody_said(monkeypatch):
    for name in ("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT"):
        monkeypatch.delenv(name, raising=False)


def test_defaults_stay_on_this_machine(monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    options = parse_arguments([])
    assert (options.host, options.port, options.share, options.precision) == ("127.0.0.1", 7860, False, "auto")


@pytest.mark.parametrize(
    ("arguments", "uploads"),
    [
        ([], True),
        (["--host", "0.0.0.0"], False),
        (["--share"], False),
        (["--no-uploads"], False),
        (["--host", "0.0.0.0", "--uploads"], True),
    ],
)
def test_visitors_open_files_only_where_the_page_is_private(monkeypatch, arguments, uploads):
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert parse_arguments(arguments).uploads is uploads
    monkeypatch.setenv("SPACE_ID", "someone/atelier")
    assert parse_arguments(arguments).uploads is ("--uploads" in arguments)


def test_a_space_is_reachable(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "someone/atelier")
    assert parse_arguments([]).host == "0.0.0.0"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "0"],
        ["--port", "70000"],
        ["--port", "x"],
        ["--precision", "int8"],
        ["--nonsense"],
        ["--upload-limit", "0"],
    ],
)
def test_bad_arguments_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        parse_arguments(arguments)
    assert stopped.value.code == 2
    assert arguments[-1] in capsys.readouterr().err


def test_a_busy_port_is_named(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 2
    assert str(port) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "no-such-model"], "no-such-model"),
        (["--checkpoints", "no-such-folder"], "no-such-folder"),
        (["no-such-file.pkl"], "no-such-file.pkl"),
    ],
)
def test_what_is_not_there_gets_one_sentence(arguments, words):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    done = subprocess.run(
        [sys.executable, "app.py", "--port", str(port), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ,
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_language_models_need_one_more_package(monkeypatch, capsys):
    monkeypatch.setattr("app.find_spec", lambda name: None)
    assert main(["--mcp"]) == 2
    assert "gradio[mcp]" in capsys.readouterr().err


def test_gradios_own_variables_stand_for_the_arguments(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    monkeypatch.setenv("GRADIO_SERVER_PORT", "8000")
    options = parse_arguments([])
    assert (options.host, options.port, options.uploads) == ("0.0.0.0", 8000, False)  # others can reach it
    assert parse_arguments(["--host", "[::1]"]).host == "::1"  # as it stands in links
    assert (bracketed("::1"), bracketed("127.0.0.1")) == ("[::1]", "127.0.0.1")
    options = parse_arguments(["--host", "127.0.0.1", "--port", "8001"])
    assert (options.host, options.port, options.uploads) == ("127.0.0.1", 8001, True)
    monkeypatch.setenv("GRADIO_SERVER_PORT", "abc")
    with pytest.raises(SystemExit):
        parse_arguments([])
    assert "a port is a number from 1 to 65535, not 'abc'" in capsys.readouterr().err


def test_python_may_be_told_not_to_look_beside_the_script():
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    command = [sys.executable, str(ROOT / "app.py"), "--help"]
    assert subprocess.run(command, env=environment, cwd="/", capture_output=True, timeout=60).returncode == 0
