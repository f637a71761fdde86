"""The server: a small platform with rooms, posts, media with alt text, and people who answer."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

import httpx2

from socialbpm.channels import signatures
from socialbpm.channels.answers import Answer
from socialbpm.clock import Clock, SystemClock
from socialbpm.posts import Dedupe
from socialbpm.testing.loopback.faults import ACCEPTS, STATUS, Fault, FaultKind, Faults
from socialbpm.testing.loopback.shelf import Shelf

MAX_TEXT = 500
Body = dict[str, Any]
Reply = tuple[int, Body]


class LoopbackServer:
    """Listens on a free port of the loopback interface as soon as it is made; a context manager.

    ``mode`` is what it offers against double posts. ``faults`` are like "accept-then-drop:1". ``secret``
    signs the webhooks that go to ``webhook``, an address; ``token`` is asked of every caller unless it is
    empty.
    """

    def __init__(
        self,
        path: str,
        *,
        mode: str = "key",
        port: int = 0,
        faults: Iterable[str] = (),
        token: str = "",
        secret: str = "",
        webhook: str = "",
        clock: Clock | None = None,
    ) -> None:
        self.mode, self.token, self.secret, self.webhook = Dedupe(mode), token, secret, webhook
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._shelf = Shelf(path)
        self.break_at(*faults)
        self._http = _Http(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening and let go of the file."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        self._shelf.close()

    def wait(self) -> None:
        """Until somebody else ends it."""
        self._thread.join()

    def break_at(self, *faults: str) -> None:
        """From now on these faults, and no earlier ones. Raises ValueError."""
        self._faults = Faults([Fault.parse(fault) for fault in faults])

    def posts(self) -> list[Body]:
        """Everything that was ever posted: the truth to compare with."""
        with self._lock:
            return self._shelf.posts()

    def seen_by(self, account: str) -> list[Body]:
        """What this account can see of what stands: all but the private rooms of others."""
        return [post for post in self.posts() if not post["deleted"] and _may_see(account, post["room"])]

    def answer(self, **answer: Any) -> tuple[bytes, dict[str, str]]:
        """A person answers: see ``channels.answers.Answer`` for the fields.

        Kept for collecting, sent to ``webhook`` if there is one, and returned as the signed event it is.
        """
        said = Answer(**answer)
        with self._lock:
            self._shelf.add_answer(said.model_dump(mode="json"))
        body = said.model_dump_json().encode()
        headers = signatures.sign(self.secret.encode(), body, self._clock.now())
        if self.webhook:
            httpx2.post(self.webhook, content=body, headers=headers, timeout=10).raise_for_status()
        return body, headers

    # what the routes below do

    def create(self, room: str, body: Body) -> Reply:
        """A new post."""
        return 201, _stands(self._shelf.create(unquote(room), body, once=self.mode is Dedupe.KEY), self.url)

    def edit(self, id: str, body: Body) -> Reply:
        """Another body for a post."""
        return (200, _stands(int(id), self.url)) if self._shelf.edit(int(id), body) else (404, {})

    def delete(self, id: str, body: Body) -> Reply:
        """Take a post down."""
        return (200, {}) if self._shelf.delete(int(id)) else (404, {})

    def answering(self, act: Callable[[], Reply | None]) -> Reply | None:
        """A caller who asks for nonsense is told so."""
        try:
            return act()
        except (KeyError, ValueError, TypeError):
            return 400, {}

    def find(self, query: Body) -> Reply:
        """The posts under a key; only where that is offered."""
        if self.mode is not Dedupe.LOOKUP:
            return 404, {}
        with self._lock:
            return 200, {
                "posts": [_stands(post["id"], self.url) for post in self._shelf.by_key(query["key"])]
            }

    def collect(self, query: Body) -> Reply:
        """A page of answers."""
        with self._lock:
            answers, cursor = self._shelf.answers(int(query["after"]), int(query["limit"]))
        return 200, {"answers": answers, "cursor": cursor}

    def all(self, query: Body) -> Reply:
        """Every post, for whoever inspects."""
        return 200, {"posts": self.posts()}

    def answered(self, body: Body) -> Reply:
        """A person answers, scripted from outside."""
        self.answer(**body)
        return 202, {}

    def rebreak(self, body: Body) -> Reply:
        """Other faults, scripted from outside."""
        self.break_at(*body["faults"])
        return 202, {}

    def written(self, act: Callable[[], Reply], body: Body) -> Reply | None:
        """Carry out one write, with whatever is to go wrong with it; None: hang up without a word."""
        with self._lock:
            fault = self._faults.next()
            if fault is not None and fault not in ACCEPTS:
                return None if fault is FaultKind.DROP else (STATUS[fault], {})
            if len(body.get("text", "")) > MAX_TEXT or not all(
                media["alt"] for media in body.get("media", [])
            ):
                return 422, {}
            reply = act()
        if fault is FaultKind.ACCEPT_THEN_KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        if fault is FaultKind.ACCEPT_THEN_DROP:
            return None
        return reply if fault is None else (STATUS[fault], {})


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, place: tuple[str, int], platform: LoopbackServer) -> None:
        self.platform = platform
        super().__init__(place, _Calls)


class _Calls(BaseHTTPRequestHandler):
    """Routes. Writes go through ``written``; what is under /control is for those who script and inspect."""

    protocol_version = "HTTP/1.1"
    server: _Http

    def do_GET(self) -> None:
        """Look something up."""
        platform, url = self.server.platform, urlsplit(self.path)
        reads = {"/posts": platform.find, "/answers": platform.collect, "/control/posts": platform.all}
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        act = reads.get(url.path)
        if act is None or not self._allowed():
            self._reply((404 if act is None else 401, {}))
        else:
            self._reply(platform.answering(lambda: act(query)))

    def do_POST(self) -> None:
        """Create, or script."""
        body, platform = self._body(), self.server.platform
        scripts = {"/control/answers": platform.answered, "/control/faults": platform.rebreak}
        if self.path in scripts:
            self._reply(platform.answering(lambda: scripts[self.path](body)))
        else:
            self._write(r"/rooms/([^/]+)/posts", platform.create, body)

    def do_PUT(self) -> None:
        """Edit."""
        self._write(r"/posts/(\d+)", self.server.platform.edit, self._body())

    def do_DELETE(self) -> None:
        """Take down."""
        self._write(r"/posts/(\d+)", self.server.platform.delete, {})

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent: a test reads what it wants from ``posts``."""

    def _write(self, path: str, act: Callable[[str, Body], Reply], body: Body) -> None:
        place = re.fullmatch(path, self.path)
        if place is None or not self._allowed():
            self._reply((401 if place else 404, {}))
        else:
            platform = self.server.platform
            self._reply(platform.answering(lambda: platform.written(lambda: act(place[1], body), body)))

    def _allowed(self) -> bool:
        token = self.server.platform.token
        return not token or self.headers.get("authorization") == f"Bearer {token}"

    def _body(self) -> Body:
        body: Body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        return body

    def _reply(self, reply: Reply | None) -> None:
        if reply is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        status, body = reply
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        if status == 429:
            self.send_header("retry-after", "1")
        self.end_headers()
        self.wfile.write(content)


def _may_see(account: str, room: str) -> bool:
    return not room.startswith("@") or room == f"@{account}"


def _stands(id: int, url: str) -> Body:
    return {"id": str(id), "url": f"{url}/posts/{id}"}
