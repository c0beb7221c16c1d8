"""What both fakes share: an HTTP/1.1 server on 127.0.0.1, and a plan of the faults it answers with.

A request becomes a `Call`. The plan (`Faults`) picks at most one `Fault` for it; a fault is data saying how long to
wait, what to answer instead of the truth, and how the answer travels. Without a fault the fake tells the truth.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import signal
import socket
import socketserver
import struct
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from fnmatch import fnmatchcase
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from typing_extensions import Self

EVERY: Final = range(1, sys.maxsize)
HTML_PAGE: Final = b"<!doctype html><html><head><title>A proxy, or the UI</title></head><body>Hello</body></html>"


# --- requests and replies ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request as it arrived.

    path: decoded and below the API's root; url: as sent, percent-encoded, with query; body: the decoded JSON, the
    text if it is no JSON (NaN is none, Jackson refuses it too), None if empty; headers: with names in lower case; raw:
    the body's bytes.
    """

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    headers: Mapping[str, str]
    url: str
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """Ends the handling of a request with a reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status, reply.body)
        self.reply = reply


def json_reply(status: int, value: object, content_type: str = "application/json") -> Reply:
    return Reply(status, json.dumps(value).encode(), {"Content-Type": content_type})


def html_reply(status: int) -> Reply:
    return Reply(status, HTML_PAGE, {"Content-Type": "text/html; charset=utf-8"})


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _decoded(body: bytes) -> Any:
    if not body:
        return None
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(text, parse_constant=_no_constant)
    except ValueError:
        return text


def _recorded(method: str, url: str, headers: Mapping[str, str], body: bytes, root: str) -> Recorded:
    parts = urlsplit(url)
    path = parts.path.removeprefix(root) if parts.path.startswith(f"{root}/") else parts.path
    return Recorded(
        method=method,
        path=unquote(path),
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        body=_decoded(body),
        headers={name.lower(): value for name, value in headers.items()},
        url=url,
        raw=body,
    )


def seal(value: object) -> str:
    """An opaque token: a client can carry it about, and cannot make one up."""
    payload = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(zlib.crc32(payload, 2013).to_bytes(4, "big") + payload).decode()


def unseal(token: str) -> Any:
    """The value of a token made by `seal`; ValueError for every other text."""
    raw = base64.urlsafe_b64decode(token.encode("ascii", "replace"))
    if zlib.crc32(raw[4:], 2013).to_bytes(4, "big") != raw[:4]:
        raise ValueError("not a token of this server")
    return json.loads(raw[4:])


# --- faults -----------------------------------------------------------------------------------------------------


class Delivery(Enum):
    """How an answer travels: in one piece, byte by byte, cut in half, not at all (RST), or never."""

    WHOLE = "whole"
    DRIP = "drip"
    TRUNCATED = "truncated"
    RESET = "reset"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to go wrong. With a `reply` the request is not executed; without one it is, whatever the delivery."""

    name: str
    delay: float = 0.0
    reply: Reply | None = None
    delivery: Delivery = Delivery.WHOLE
    spread: float = 0.0
    expires_credentials: bool = False

    @classmethod
    def status(
        cls, code: int, *, headers: Mapping[str, str] | None = None, retry_after: str = "", html: bool = False
    ) -> Self:
        """An answer with this status, not executed; the body is OpenMetadata's JSON error or an HTML page."""
        phrase = HTTPStatus(code).phrase
        told = "message" if code < 500 else "responseMessage"
        base = html_reply(code) if html else json_reply(code, {"code": code, told: phrase})
        extra = {"Retry-After": retry_after} if retry_after else {}
        return cls(f"status {code}", reply=replace(base, headers={**base.headers, **(headers or {}), **extra}))

    @classmethod
    def latency(cls, seconds: float) -> Self:
        """The true answer, late."""
        return cls(f"latency {seconds}", delay=seconds)

    @classmethod
    def reset(cls) -> Self:
        """The connection is reset (RST) before the request is executed."""
        return cls("reset", reply=Reply(500), delivery=Delivery.RESET)

    @classmethod
    def lost_answer(cls) -> Self:
        """The request is executed, then the connection is reset: the client cannot know."""
        return cls("lost answer", delivery=Delivery.RESET)

    @classmethod
    def never(cls) -> Self:
        """No answer until the server stops; not executed."""
        return cls("never", reply=Reply(500), delivery=Delivery.NEVER)

    @classmethod
    def drip(cls, seconds: float) -> Self:
        """The true answer in up to 20 pieces, spread over so many seconds."""
        return cls("drip", delivery=Delivery.DRIP, spread=seconds)

    @classmethod
    def truncated(cls) -> Self:
        """The true answer cut in half: Content-Length promises more than arrives."""
        return cls("truncated", delivery=Delivery.TRUNCATED)

    @classmethod
    def garbage(cls) -> Self:
        """Status 200 and a body that is neither JSON nor UTF-8, not executed."""
        return cls("garbage", reply=Reply(200, b'{"data": [\x00\xff<oops', {"Content-Type": "application/json"}))

    @classmethod
    def html(cls) -> Self:
        """Status 200 and an HTML page, as a proxy's login or a hostPort without /api gives; not executed."""
        return cls("html", reply=html_reply(200))

    @classmethod
    def redirect(cls, location: str = "http://127.0.0.1:9/login") -> Self:
        """302 to a login page; not executed."""
        return cls("redirect", reply=Reply(302, HTML_PAGE, {"Location": location, "Content-Type": "text/html"}))

    @classmethod
    def expired_credentials(cls) -> Self:
        """The credentials of this request expire now: this and every later request with them is refused."""
        return cls("expired credentials", expires_credentials=True)


@dataclass(frozen=True, slots=True)
class Call:
    """What a request asks for: which operation, on what, and who it is among its like.

    operation: a method or an AWS action; target: a path or a stream name; identity: stable from run to run and thread
    to thread, the seeded faults hang on it; label: what the counters call it.
    """

    operation: str
    target: str
    identity: str
    label: str
    request: Recorded


@dataclass(frozen=True, slots=True)
class Rule:
    """`fault` for the requests that match, on the occurrences given.

    operation and target are globs (`"PUT"`, `"/topics*"`; `"ListShards"`, `"orders"`), target may be a predicate on
    the request. Occurrences are counted from 1 among the requests this rule matches: 3, {1, 3}, range(1, 4).
    """

    fault: Fault
    operation: str = "*"
    target: str | Callable[[Recorded], bool] = "*"
    on: int | Container[int] = EVERY

    def key(self, call: Call) -> str | None:
        if not fnmatchcase(call.operation, self.operation):
            return None
        matches = self.target(call.request) if callable(self.target) else fnmatchcase(call.target, self.target)
        return "" if matches else None

    def fires(self, key: str, nth: int) -> Fault | None:  # noqa: ARG002 - the signature of Chance
        wanted = nth == self.on if isinstance(self.on, int) else nth in self.on
        return self.fault if wanted else None


@dataclass(frozen=True, slots=True)
class Chance:
    """One of `kinds` for a share (`rate`) of the matching requests, drawn from the seed and the request's identity.

    The n-th request of an identity has the same fate in every run, whatever the threads do; a retry draws anew.
    """

    seed: int
    rate: float
    kinds: Sequence[Fault]
    operation: str = "*"
    target: str = "*"

    def key(self, call: Call) -> str | None:
        matches = fnmatchcase(call.operation, self.operation) and fnmatchcase(call.target, self.target)
        return call.identity if matches else None

    def fires(self, key: str, nth: int) -> Fault | None:
        draw = random.Random(f"{self.seed} {key} {nth}")
        return draw.choice(self.kinds) if draw.random() < self.rate else None


class Faults:
    """A plan: the first rule that fires decides. `injected` tells afterwards what happened to which request."""

    def __init__(self, *plan: Rule | Chance) -> None:
        self.plan = plan
        self.injected: list[tuple[str, str, str]] = []
        self._seen: Counter[tuple[int, str]] = Counter()
        self._lock = threading.Lock()

    @classmethod
    def random(cls, seed: int, *, rate: float, kinds: Sequence[Fault]) -> Self:
        return cls(Chance(seed, rate, kinds))

    def __repr__(self) -> str:
        return f"Faults{self.plan!r}"

    def pick(self, call: Call) -> Fault | None:
        with self._lock:
            fired = [fault for index, part in enumerate(self.plan) if (fault := self._ask(index, part, call))]
            if not fired:
                return None
            self.injected.append((call.label, call.target, fired[0].name))
            return fired[0]

    def _ask(self, index: int, part: Rule | Chance, call: Call) -> Fault | None:
        key = part.key(call)
        if key is None:
            return None
        self._seen[index, key] += 1
        return part.fires(key, self._seen[index, key])


NO_FAULT: Final = Fault("none")


# --- the server -------------------------------------------------------------------------------------------------


class FakeServer:
    """A server for the length of a `with` block: one thread per connection, keep-alive, TCP_NODELAY, no output.

    Subclasses say what a request asks for (`identify`) and what the truth is (`answer`). `faults` may be exchanged
    while it runs. requests, counts (by label), connections and peak (requests at one time) tell what it saw. An
    exception of the fake's own is no server fault: it is kept in `crashes` and raised at the end.
    """

    root = ""

    def __init__(
        self, *, faults: Faults | None = None, latency: float = 0.0, port: int = 0, record: bool = True
    ) -> None:
        self.faults = faults or Faults()
        self.latency = latency
        self.record = record
        self.requests: list[Recorded] = []
        self.counts: Counter[str] = Counter()
        self.peak = 0
        self.connections = 0
        self.crashes: list[BaseException] = []
        self.stopping = threading.Event()
        self.lock = threading.RLock()
        self._active = 0
        self._port = port
        self._listener: _Listener | None = None

    def identify(self, request: Recorded) -> Call:
        raise NotImplementedError

    def answer(self, call: Call) -> Reply:
        raise NotImplementedError

    def expire_credentials(self, request: Recorded) -> None:
        raise NotImplementedError

    def stats(self) -> dict[str, Any]:
        """What GET /stats answers when the fake runs as a process of its own."""
        return {"counts": dict(self.counts), "peak": self.peak, "cpu_seconds": round(time.process_time(), 3)}

    def __enter__(self) -> Self:
        self._listener = _Listener(("127.0.0.1", self._port), self)
        self._port = self._listener.server_address[1]
        threading.Thread(target=self._listener.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.stop()
        if self.crashes and kind is None:
            raise AssertionError(f"the fake itself failed: {self.crashes!r}") from self.crashes[0]

    def stop(self) -> None:
        """Frees the port, cuts every connection and lets the answers that never come go."""
        self.stopping.set()
        if self._listener is not None:
            self._listener.shutdown()
            self._listener.server_close()
            self._listener.cut_connections()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        return self._port

    def respond(self, request: Recorded) -> tuple[Reply, Fault]:
        if (request.method, request.url) == ("GET", "/stats"):
            return json_reply(200, self.stats()), NO_FAULT
        with self._in_flight():
            call = self._count(self.identify(request))
            fault = self.faults.pick(call) or NO_FAULT
            self._wait(self.latency + fault.delay)
            if fault.expires_credentials:
                self.expire_credentials(request)
            return fault.reply or self._truth(call), fault

    def _truth(self, call: Call) -> Reply:
        try:
            with self.lock:
                return self.answer(call)
        except Refused as refused:
            return refused.reply

    def _count(self, call: Call) -> Call:
        with self.lock:
            self.counts[call.label] += 1
            if self.record:
                self.requests.append(call.request)
        return call

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self.stopping.wait(seconds)

    @contextmanager
    def _in_flight(self) -> Iterator[None]:
        with self.lock:
            self._active += 1
            self.peak = max(self.peak, self._active)
        try:
            yield
        finally:
            with self.lock:
                self._active -= 1


class _Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], fake: FakeServer) -> None:
        self.fake = fake
        self.connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.fake.connections += 1
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        # No shutdown(SHUT_WR) as in the base class: it would send a FIN ahead of the RST of a reset.
        self.connections.discard(request)
        self.close_request(request)

    def cut_connections(self) -> None:
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the signature of the base
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, (ConnectionError, TimeoutError)):
            self.fake.crashes.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave in one packet
    server: _Listener

    def log_message(self, *_: object) -> None:
        return

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionAbortedError("the client was killed in the middle of its request")
        fake = self.server.fake
        reply, fault = fake.respond(_recorded(self.command, self.path, dict(self.headers), body, fake.root))
        if fault.delivery is Delivery.NEVER:
            fake.stopping.wait()
        if fault.delivery in (Delivery.NEVER, Delivery.RESET) or fake.stopping.is_set():
            self._reset()
        else:
            self._send(reply, fault)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815 - the names http.server wants

    def _send(self, reply: Reply, fault: Fault) -> None:
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        truncated = fault.delivery is Delivery.TRUNCATED
        if reply.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(reply.body) + truncated))
        self.end_headers()
        if truncated:
            self.wfile.write(reply.body[: len(reply.body) // 2])
            self.close_connection = True
        elif fault.delivery is Delivery.DRIP:
            self._drip(reply.body, fault.spread)
        elif self.command != "HEAD":
            self.wfile.write(reply.body)

    def _drip(self, body: bytes, spread: float) -> None:
        starts = range(0, len(body), len(body) // 20 + 1)
        for start in starts:
            self.server.fake.stopping.wait(spread / len(starts))
            self.wfile.write(body[start : start + starts.step])
            self.wfile.flush()

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True


# --- as a process of its own ------------------------------------------------------------------------------------


def arguments(description: str) -> argparse.ArgumentParser:
    """The options every fake has when it runs as a process."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="added to every call")
    return parser


def serve(fake: FakeServer) -> None:
    """Runs until SIGTERM or Ctrl-C. The first line on stdout is `PORT=...`."""
    signal.signal(signal.SIGTERM, lambda *_: fake.stopping.set())
    with fake, suppress(KeyboardInterrupt):
        sys.stdout.write(f"PORT={fake.port}\n")
        sys.stdout.flush()
        fake.stopping.wait()
