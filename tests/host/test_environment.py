"""Proxy variables as people have them: the page's own calls go past them, and what cannot be read is said."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest

from host.environment import OFFLINE, PROXIES, mend_encryption, mend_proxies

NAMES = [name for upper in (*PROXIES, "NO_PROXY") for name in (upper, upper.lower())]


def mended(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    """The sentences; afterwards the environment is the mended one."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    changes, sentences = mend_proxies(variables, installed=lambda name: False)
    for name, change in changes.items():
        if change is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, change)
    return sentences


def proxied(client: httpx.Client, url: str) -> bool:
    transport: Any = client._transport_for_url(httpx.URL(url))
    return type(transport._pool).__name__ == "HTTPProxy"


@pytest.mark.parametrize("proxy", ["http://proxy.example:3128", "proxy.example:3128", "http://u:secret@10.1.1.1:8080/"])
@pytest.mark.parametrize(
    ("past", "said"),
    [
        ("", False),
        ("[::1]", False),
        ("localhost, .corp.example,*.example.org,10.0.0.0/8,example.com:8080", False),
        ("::1,[fe80::1],fe80::1%eth0", False),
        ("fe80::/10", True),
        ("http://[::1", True),
        ("two words", False),  # as curl reads them
        ("127.0.0.1;.corp.example", False),  # as Windows writes them
        ("<local>;192.168.0.0/16", True),
    ],
)
def test_local_calls_go_past_a_proxy_and_others_through_it(monkeypatch, proxy: str, past: str, said: bool):
    sentences = mended(monkeypatch, HTTP_PROXY=proxy, no_proxy=past)
    with httpx.Client() as client:
        assert not any(proxied(client, url) for url in ("http://127.0.0.1:7860/", "http://localhost/", "http://[::1]/"))
        assert proxied(client, "http://huggingface.co/")
    assert len(sentences) == said
    assert "secret" not in "".join(sentences)


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5://127.0.0.1:9",
        "socks4://h:1",
        "ftp://h",
        "http://[::1",
        "http://",
        "http://u:secret@h:port",
        '"http://h:1"',
    ],
)
@pytest.mark.parametrize("name", ["ALL_PROXY", "https_proxy"])
def test_a_proxy_that_cannot_be_used_is_one_sentence_and_nothing_is_asked_outside(monkeypatch, name: str, proxy: str):
    (sentence,) = mended(monkeypatch, **{name: proxy})
    assert name in sentence and "secret" not in sentence
    httpx.Client().close()
    assert mend_proxies({name: proxy}, installed=lambda name: False)[0][OFFLINE] == "1"


def test_socks_is_used_where_its_package_is_there():
    assert mend_proxies({"ALL_PROXY": "socks5://h:1"}, installed=lambda name: True)[1] == []


def test_without_proxies_nothing_is_touched():
    assert mend_proxies({"PATH": "/bin", "HTTP_PROXY": ""}) == ({}, [])


def test_files_for_encryption_that_are_gone_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    gone = str(tmp_path / "gone" / "cert.pem")
    (tmp_path / "text.pem").write_text("no certificate")
    for certificates in (gone, str(tmp_path / "text.pem"), str(tmp_path)):
        changes, sentences = mend_encryption({"SSL_CERT_FILE": certificates, "SSLKEYLOGFILE": gone})
        assert changes == {"SSL_CERT_FILE": None, "SSLKEYLOGFILE": None} and len(sentences) == 2
        assert all(sentence.endswith(".") for sentence in sentences)
    with pytest.raises(OSError), monkeypatch.context() as context:
        context.setenv("SSL_CERT_FILE", gone)
        httpx.Client()  # what they would do


def test_files_for_encryption_that_are_there_stay(tmp_path: Path):
    certificates = ssl.get_default_verify_paths().cafile
    if certificates is None:
        pytest.skip("this machine has no file of certificates")
    there = {"SSL_CERT_FILE": certificates, "SSLKEYLOGFILE": str(tmp_path / "keys.log")}
    assert mend_encryption(there) == ({}, []) == mend_encryption({})
