"""Fetching a picture: from declared hosts, over TLS, and never from inside a network.

The servers are real ones on the loopback interface; so that they may be reached at all, each test says which
addresses it permits.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest

from socialbpm.errors import DefinitionError, TemporaryFailure
from socialbpm.media.addresses import is_public
from socialbpm.media.fetch import Fetcher

PICTURE = b"\x89PNG\r\n\x1a\n" + b"x" * 5000


class Answers(BaseHTTPRequestHandler):
    """What the server does at each path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Look the path up."""
        self.server.hosts.append(self.headers["host"])  # type: ignore[attr-defined]
        getattr(self, "at_" + self.path[1:].partition("?")[0])()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Send everything at once."""
        self.send_response(status)
        for name, value in {"content_length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def at_picture(self) -> None:
        self.answer(200, PICTURE, content_type="image/png")

    def at_untyped(self) -> None:
        self.answer(200, PICTURE)

    def at_page(self) -> None:
        self.answer(200, b"<html>", content_type="text/html; charset=utf-8")

    def at_elsewhere(self) -> None:
        self.answer(302, location="http://169.254.169.254/latest/meta-data")

    def at_gone(self) -> None:
        self.answer(404)

    def at_busy(self) -> None:
        self.answer(503)

    def at_limited(self) -> None:
        self.answer(429)

    def at_packed(self) -> None:
        self.answer(200, b"x", content_type="image/png", content_encoding="gzip")

    def at_endless(self) -> None:
        """No length stated, and no end."""
        self.send_response(200)
        self.send_header("content-type", "image/png")
        self.send_header("connection", "close")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" * 65_536)
        except OSError:
            self.close_connection = True

    def at_drip(self) -> None:
        """A byte now and then: no single read ever takes too long."""
        self.send_response(200)
        self.send_header("content-length", "1000")
        self.end_headers()
        try:
            for _ in range(40):
                self.wfile.write(b"x")
                time.sleep(0.1)
        except OSError:
            self.close_connection = True

    def at_silent(self) -> None:
        time.sleep(1)
        self.close_connection = True


class Server:
    """A running server and what it saw."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self._server.daemon_threads = True
        self._server.hosts = []  # type: ignore[attr-defined]
        self._server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def hosts(self) -> list[str]:
        return self._server.hosts  # type: ignore[attr-defined, no-any-return]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    """Plain HTTP."""
    running = Server()
    yield running
    running.stop()


def anywhere(address: object) -> bool:
    """Permit the loopback interface, for this test."""
    return True


def fetcher(server: Server, **options: object) -> Fetcher:
    """May speak plain HTTP to that server."""
    return Fetcher(
        [f"localhost:{server.port}"],
        **{"permit": anywhere, "schemes": ("http", "https"), "largest": 10_000, "timeout": 0.5, **options},  # type: ignore[arg-type]
    )


def at(server: Server, path: str, host: str = "localhost") -> str:
    """The address of a path."""
    return f"http://{host}:{server.port}/{path}"


@pytest.mark.parametrize("path", ["picture", "untyped", "picture?size=large"])
def test_a_picture_on_a_declared_host_is_fetched(server: Server, path: str) -> None:
    """The server sees the name that the model wrote, though the connection goes to a judged address."""
    assert fetcher(server).fetch(at(server, path)) == PICTURE
    assert server.hosts == [f"localhost:{server.port}"]


def test_an_address_inside_the_network_is_never_connected(server: Server) -> None:
    """Declared or not: localhost is inside, so by default nothing is asked of it."""
    with pytest.raises(DefinitionError, match="inside a network"):
        fetcher(server, permit=is_public).fetch(at(server, "picture"))
    assert server.hosts == []


def test_the_connection_goes_to_the_address_that_was_judged(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that points elsewhere the second time (DNS rebinding) is not asked a second time."""
    asked: list[str] = []
    really = socket.getaddrinfo

    def rebinding(host: str, *args: object, **kwargs: object) -> object:
        asked.append(host)
        target = "127.0.0.1" if len(asked) == 1 or host == "127.0.0.1" else "127.0.0.99"
        return really(target, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    picky = Fetcher([f"pictures.test:{server.port}"], permit=anywhere, largest=10_000, schemes=("http",))
    assert picky.fetch(at(server, "picture", "pictures.test")) == PICTURE
    assert asked.count("pictures.test") == 1


def test_one_bad_address_of_a_name_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with a public and a private address is not to be trusted with either."""

    def both(host: str, port: int, **kwargs: object) -> list[object]:
        return [(0, 0, 0, "", (address, port)) for address in ("93.184.216.34", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(DefinitionError, match="inside a network"):
        Fetcher(["pictures.test"], largest=10).fetch("https://pictures.test/x.png")


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        ("elsewhere", DefinitionError, "redirects"),
        ("gone", DefinitionError, "answered 404"),
        ("page", DefinitionError, "text/html"),
        ("packed", DefinitionError, "compressed"),
        ("endless", DefinitionError, "more than 10000 bytes"),
        ("busy", TemporaryFailure, "answered 503"),
        ("limited", TemporaryFailure, "answered 429"),
        ("silent", TemporaryFailure, "did not answer"),
        ("drip", TemporaryFailure, "too slowly"),
    ],
)
def test_what_is_wrong_with_an_answer_decides_whether_to_try_again(
    server: Server, path: str, error: type[Exception], words: str
) -> None:
    """Refused for good, or worth another try; and no redirect is followed, least of all inwards."""
    with pytest.raises(error, match=words) as failed:
        fetcher(server).fetch(at(server, f"{path}?token=sesame"))
    assert "sesame" not in str(failed.value)


def test_a_host_that_is_down_is_worth_another_try(server: Server) -> None:
    """Nothing was refused by anybody."""
    server.stop()
    with pytest.raises(TemporaryFailure, match="cannot be reached"):
        fetcher(server).fetch(at(server, "picture"))
    with pytest.raises(TemporaryFailure, match="does not resolve"):
        Fetcher(["no.such.host.invalid"], largest=10).fetch("https://no.such.host.invalid/x.png")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://pictures.example/x.png", "only https"),
        ("ftp://pictures.example/x.png", "only https"),
        ("https://other.example/x.png", "not declared"),
        ("https://pictures.example.evil.example/x.png", "not declared"),
        ("https://pictures.example@evil.example/x.png", "name or password"),
        ("https://pictures.example:8443/x.png", "not declared"),
        ("https://ada:sesame@pictures.example/x.png", "name or password"),
        ("https://[::1/x.png", "cannot be read|no address"),
        ("https:///x.png", "not declared"),
    ],
)
def test_only_declared_hosts_by_https(address: str, words: str) -> None:
    """Refused before a name is looked up; a declared host counts at its usual port unless one is given."""
    with pytest.raises(DefinitionError, match=words) as refused:
        Fetcher(["pictures.example"], largest=10).fetch(address)
    assert "sesame" not in str(refused.value)


def test_no_proxy_is_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would look the name up again and connect to what it finds."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert fetcher(server).fetch(at(server, "picture")) == PICTURE


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fec0::1", "fc00::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1"),
        "2001:0:7f00:1:0:fbff:80ff:fffe",  # Teredo by a server on the loopback interface
    ],
)
def test_addresses_inside_networks_are_not_public(address: str) -> None:
    """Also when an IPv6 address carries a private IPv4 one."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "::ffff:93.184.216.34", "2606:4700::1111", "64:ff9b::808:808"]
)
def test_public_addresses_are_public(address: str) -> None:
    """The guard lets through what it should."""
    assert is_public(ip_address(address))


# over TLS

Certify = Callable[[str], tuple[ssl.SSLContext, ssl.SSLContext]]


@pytest.fixture
def certify(tmp_path: Path) -> Certify:
    """Gives, for a host name, a server's context and a client's that trusts it."""

    def made(name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ]
        files = ["-keyout", "key.pem", "-out", "cert.pem", "-days", "2"]
        subject = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
        subprocess.run([*command, *files, *subject], cwd=tmp_path, check=True, capture_output=True)
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
        return serving, ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))

    return made


def test_the_certificate_must_be_that_of_the_name(certify: Certify) -> None:
    """Though the connection goes to a number, the certificate is checked for the name in the model."""
    for name, good in (("localhost", True), ("somebody-else.test", False)):
        serving, trust = certify(name)
        server = Server(serving)
        careful = Fetcher(
            [f"localhost:{server.port}"], permit=anywhere, largest=10_000, trust=trust, timeout=2
        )
        address = f"https://localhost:{server.port}/picture"
        if good:
            assert careful.fetch(address) == PICTURE
        else:
            with pytest.raises(TemporaryFailure):
                careful.fetch(address)
        server.stop()
