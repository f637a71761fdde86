"""Fetch a picture from a declared host without becoming a way into our own network.

The host's addresses are looked up once and judged, and the connection goes to the judged address: a name
that resolves differently a moment later (DNS rebinding) gains nothing. No redirects, no proxy, a bounded
size and time.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Collection, Iterator
from ipaddress import ip_address

import httpx2

from socialbpm.errors import DefinitionError, Problem, TemporaryFailure
from socialbpm.media.addresses import Address, Permit, is_public

TIMEOUT = 10.0  # seconds for each step; a whole picture may take three times that
PORTS = {"https": 443, "http": 80}


class Fetcher:
    """``hosts`` are "host" or "host:port"; ``schemes`` and ``trust`` (trusted certificates) are for tests."""

    def __init__(
        self,
        hosts: Collection[str],
        *,
        permit: Permit = is_public,
        largest: int,
        schemes: Collection[str] = ("https",),
        trust: ssl.SSLContext | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._hosts, self._permit, self._largest = {host.lower() for host in hosts}, permit, largest
        self._schemes, self._trust, self._timeout = schemes, trust, timeout

    def fetch(self, address: str) -> bytes:
        """The bytes at ``address``. Raises DefinitionError (refused for good) or TemporaryFailure.

        No error repeats the address beyond its host: the rest may hold a secret.
        """
        url = self._declared(address)
        with self._client() as client:
            for place in self._places(url):
                try:
                    return self._read(client, url, place)
                except httpx2.ConnectError:
                    continue  # the host's next address
        raise TemporaryFailure(f"{url.host} cannot be reached")

    def _declared(self, address: str) -> httpx2.URL:
        try:
            url = httpx2.URL(address)
        except (httpx2.InvalidURL, ValueError):
            raise _refused("src is no address that can be read", "write https://host/path") from None
        if url.scheme not in self._schemes:
            raise _refused(f"src begins with {url.scheme}:", "only https is fetched")
        if url.userinfo:
            raise _refused("src carries a name or password", "leave it out; secrets never stand in a model")
        if not {_named(url), f"{_named(url)}:{_port(url)}"} & self._allowed(url):
            raise _refused(f"'{_named(url)}' is not declared", "add the host to media_hosts in settings")
        return url

    def _allowed(self, url: httpx2.URL) -> set[str]:
        """A host without a port is allowed at the usual port of the scheme only."""
        usual = _port(url) == PORTS[url.scheme]
        return {host for host in self._hosts if usual or host.endswith(f":{_port(url)}")}

    def _places(self, url: httpx2.URL) -> Iterator[Address]:
        try:
            found = socket.getaddrinfo(_named(url), _port(url), type=socket.SOCK_STREAM)
        except OSError:
            raise TemporaryFailure(f"the name {url.host} does not resolve") from None
        places = dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)
        if not all(self._permit(place) for place in places):
            raise _refused(f"'{url.host}' resolves to an address inside a network", "use a public host")
        return iter(places)

    def _client(self) -> httpx2.Client:
        return httpx2.Client(
            verify=self._trust or True,
            follow_redirects=False,
            trust_env=False,  # no proxy: it would look the name up again
            timeout=self._timeout,
        )

    def _read(self, client: httpx2.Client, url: httpx2.URL, place: Address) -> bytes:
        """Connect to ``place``, but speak to and check the certificate of ``url``'s host."""
        try:
            with client.stream(
                "GET",
                url.copy_with(host=str(place)),
                headers={"host": url.netloc.decode(), "accept": "image/*", "accept-encoding": "identity"},
                extensions={"sni_hostname": url.host},
            ) as answer:
                _judge(answer, url.host)
                return self._bounded(answer, url.host)
        except httpx2.ConnectError:
            raise
        except httpx2.TransportError as error:
            raise TemporaryFailure(f"{url.host} did not answer ({type(error).__name__})") from None

    def _bounded(self, answer: httpx2.Response, host: str) -> bytes:
        body = bytearray()
        until = time.monotonic() + 3 * self._timeout  # a duration of the network, not a time of the process
        for chunk in answer.iter_raw():
            body += chunk
            if len(body) > self._largest:
                raise _refused(
                    f"the picture at {host} has more than {self._largest} bytes", "make it smaller"
                )
            if time.monotonic() > until:
                raise TemporaryFailure(f"{host} sends too slowly")
        return bytes(body)


def _judge(answer: httpx2.Response, host: str) -> None:
    status = answer.status_code
    if status == 429 or status >= 500:
        raise TemporaryFailure(f"{host} answered {status}", status=status)
    if answer.has_redirect_location:
        raise _refused(f"{host} redirects elsewhere", "write the address where the picture is")
    if status != 200:
        raise _refused(f"{host} answered {status}", "check the address")
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise _refused(f"{host} sends the picture compressed", "switch that off for pictures")
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not kind.startswith("image/") and kind not in ("", "application/octet-stream"):
        raise _refused(f"{host} sends {kind[:40]}, no picture", "check the address")


def _named(url: httpx2.URL) -> str:
    return url.host.lower().rstrip(".")


def _port(url: httpx2.URL) -> int:
    return url.port or PORTS[url.scheme]


def _refused(what: str, remedy: str) -> DefinitionError:
    return DefinitionError(Problem(what=what, remedy=remedy))
