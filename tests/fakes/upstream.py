"""A real OpenAI-compatible server on loopback that answers as told, or misbehaves as told. Standard library only.

    with FakeUpstream(answer=lambda body: "42") as up:
        ...  # up.base_url, up.requests

Faults come from the constructor, or for one call from the model's name: "fault-429", "fault-drop", ...
"""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, get_args

Fault = Literal[
    "refuse",  # the connection
    "close",  # it, without an answer
    "drop",  # it, in the middle of an answer
    "silence",
    "hang",  # silence, of a stream after its first event
    "trickle",  # bytes without end that say nothing
    "truncated",  # half an answer that ends as if it were whole
    "huge",  # 65 MiB
    "401",
    "404",
    "429",  # with Retry-After
    "429-bare",
    "429-quota",
    "500",
    "503",
    "redirect",
    "html",
    "binary",
    "empty",  # no choices, or no data
    "text",  # JSON that is called text
    "unstreamed",  # a whole answer to whom asked for a stream
]
Body = dict[str, Any]
# A text, or the members of a message (chat) or choice (completions) in its place: {"tool_calls": [...]}.
Answer = Callable[[Body], "str | Mapping[str, Any]"]

_TRICKLE_S = 0.02
_ELSEWHERE = "http://127.0.0.1:9/v1/chat/completions"


def _error(message: str, kind: str, code: str | None) -> Body:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


_REFUSALS: dict[Fault, tuple[int, Body]] = {
    "401": (401, _error("Incorrect API key provided: {key}", "auth", "bad_key")),
    "404": (404, _error("no such model", "invalid_request_error", None)),
    "429": (429, _error("slow down", "requests", "rate_limit_exceeded")),
    "429-bare": (429, _error("slow down", "requests", "rate_limit_exceeded")),
    "429-quota": (429, _error("no money left", "requests", "insufficient_quota")),
    "500": (500, {"detail": "out of memory"}),
    "503": (503, {"error": "model is loading"}),
    "redirect": (307, {}),
}


@dataclass(frozen=True)
class Request:
    """What a client sent; header names in lower case, `json` empty for GET."""

    method: str
    path: str
    headers: Mapping[str, str]
    json: Body


def last_message(body: Body) -> str:
    """Return the last message's text, the prompt, or the input: the default answer."""
    if "messages" not in body:
        return str(body.get("prompt", body.get("input", "")))
    content = body["messages"][-1]["content"]
    if isinstance(content, str):
        return content
    return " ".join(part["text"] for part in content if part.get("type") == "text")


class FakeUpstream:
    """A context manager; serves from entering to leaving.

    Attributes:
        base_url: ends in /v1.
        requests: every request, in the order of their arrival.
        peak: the most requests that were under way at one time.
        cancelled: requests whose client left before the answer was there.
        connections: accepted so far.
        entry: what /models says of each model beyond its name; may be changed while it serves.
        fault: may be changed while it serves; `fault_times` ends it after so many requests of a model,
            `fault_when` says for which bodies it is shown (that of a GET is empty).
        parrot: repeat the credentials that a request came with, wherever an answer has room for them.
        retry_after: what "429" asks for.
        port: of the server; 0 for a free one.
    """

    def __init__(
        self,
        *,
        answer: Answer = last_message,
        fault: Fault | None = None,
        fault_times: int | None = None,
        fault_when: Callable[[Body], bool] = lambda _body: True,
        latency_s: float = 0.0,
        models: tuple[str, ...] = ("fake",),
        parrot: bool = False,
        retry_after: str = "7",
        port: int = 0,
    ) -> None:
        self.answer = answer
        self.fault = fault
        self.fault_times = fault_times
        self.fault_when = fault_when
        self.latency_s = latency_s
        self.models = models
        self.entry: dict[str, Any] = {}
        self.parrot = parrot
        self.retry_after = retry_after
        self.port = port
        self.requests: list[Request] = []
        self.peak = 0
        self.cancelled = 0
        self.connections = 0
        self.base_url = ""
        self.closing = threading.Event()
        self._shown: Counter[object] = Counter()
        self._under_way = 0
        self._lock = threading.Lock()

    def __enter__(self) -> FakeUpstream:  # noqa: PYI034 - typing.Self is of Python 3.11
        if self.fault == "refuse":
            self._closed = socket.socket()  # bound, never listening: the port is ours and refuses
            self._closed.bind(("127.0.0.1", 0))
            self.base_url = f"http://127.0.0.1:{self._closed.getsockname()[1]}/v1"
            return self
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/v1"
        return self

    @property
    def open_connections(self) -> int:
        """Return how many are not closed; one is once what its client had sent is read and answered."""
        return self._server.open_connections

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        if self.fault == "refuse" and hasattr(self, "_closed"):
            self._closed.close()
            return
        self._server.shutdown()
        self._server.close_connections()
        self._server.server_close()
        self._thread.join()

    @contextmanager
    def receive(self, request: Request) -> Iterator[Fault | None]:
        """Record a request while it is under way and yield the fault to show."""
        with self._lock:
            self.requests.append(request)
            self._under_way += 1
            self.peak = max(self.peak, self._under_way)
            fault = self._take_fault(request.json)
        try:
            yield fault
        finally:
            with self._lock:
                self._under_way -= 1

    def count_cancelled(self) -> None:
        """Count a client that left."""
        with self._lock:
            self.cancelled += 1

    def _take_fault(self, body: Body) -> Fault | None:
        model = body.get("model")
        named = next((fault for fault in get_args(Fault) if model == f"fault-{fault}"), None)
        if named or self.fault is None or not self.fault_when(body):
            return named
        self._shown[model] += 1
        return self.fault if self.fault_times is None or self._shown[model] <= self.fault_times else None


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 512

    def __init__(self, fake: FakeUpstream) -> None:
        self.fake = fake
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", fake.port), _Handler)

    @property
    def open_connections(self) -> int:
        return len(self._connections)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        self.fake.connections += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that leave are part of the tests."""

    def close_connections(self) -> None:
        """End idle keep-alive connections, whose threads wait for a next request."""
        for connection in tuple(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        self._respond({})

    def do_POST(self) -> None:
        self._respond(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def _respond(self, body: Body) -> None:
        fake = self.server.fake
        headers = {name.lower(): value for name, value in self.headers.items()}
        with fake.receive(Request(self.command, self.path, headers, body)) as fault:
            self._wait(fake.latency_s)
            if fault:
                self._misbehave(fault, body)
            elif body.get("stream"):
                self._stream(_events(self.path, body, self._repeated(fake.answer(body))))
            else:
                self._json(*_whole(self.path, body, fake))

    @property
    def _credentials(self) -> str:
        return self.headers.get("Authorization", "") if self.server.fake.parrot else ""

    def _repeated(self, said: str | Mapping[str, Any]) -> str | Mapping[str, Any]:
        return f"{said} {self._credentials}".rstrip() if isinstance(said, str) else said

    def _wait(self, seconds: float) -> None:
        """Wait, unless the client leaves or the server is closed."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.server.fake.closing.is_set():
            readable, _, _ = select.select([self.connection], [], [], min(0.02, max(until - time.monotonic(), 0)))
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                self.server.fake.count_cancelled()
                raise ConnectionAbortedError

    def _misbehave(self, fault: Fault, body: Body) -> None:
        match fault:
            case "close":
                self.close_connection = True
            case "silence":
                self._wait(3600)
            case "hang":
                self._begin_stream(body)
                self._wait(3600)
            case "truncated" | "trickle" | "drop":
                self._break_off(fault, body)
            case _ if fault in _REFUSALS:
                self._refuse(fault)
            case _:
                self._mistake(fault, body)

    def _refuse(self, fault: Fault) -> None:
        status, body = _REFUSALS[fault]
        # Some servers repeat the key that they refuse.
        told = json.loads(json.dumps(body).replace("{key}", str(self.headers.get("Authorization"))))
        headers = {"429": {"Retry-After": self.server.fake.retry_after}, "redirect": {"Location": _ELSEWHERE}}
        self._json(status, told, headers.get(fault))

    def _mistake(self, fault: Fault, body: Body) -> None:
        """Answer 200 with something else than was asked for."""
        whole = _whole(self.path, body, self.server.fake)[1]
        match fault:
            case "html":
                self._send(200, "text/html", b"<html><title>Log in</title></html>")
            case "binary":
                self._send(200, "application/octet-stream", bytes(range(256)))
            case "empty":
                self._json(200, {**whole, **{name: [] for name in ("choices", "data") if name in whole}})
            case "text":
                self._send(200, "text/plain", json.dumps(whole).encode())
            case "huge":
                self._head(200, "application/json", {"Content-Length": str(65 << 20)})
                for _ in range(65):
                    self.wfile.write(b" " * (1 << 20))
            case _:
                self._json(200, whole)

    def _break_off(self, fault: Fault, body: Body) -> None:
        """Send the first half, then end as if whole (truncated), go on forever (trickle), or reset (drop)."""
        whole = json.dumps(_whole(self.path, body, self.server.fake)[1]).encode()
        half = whole[: len(whole) // 2]
        if fault == "truncated" and not body.get("stream"):
            self._send(200, "application/json", half)
        elif fault == "truncated":
            self._begin_stream(body)
            self._chunk(b'data: {"choi')
            self._chunk(b"")
        elif fault == "trickle":
            self._trickle(body)
        else:
            self._begin_stream(body)
            if not body.get("stream"):
                self._head(200, "application/json", {"Content-Length": str(len(whole))})
                self.wfile.write(half)
                self.wfile.flush()
            # Without lingering, close() resets the connection.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

    def _trickle(self, body: Body) -> None:
        self._begin_stream(body)
        if not body.get("stream"):
            self._head(200, "application/json", {"Transfer-Encoding": "chunked"})
        while not self.server.fake.closing.is_set():
            self._wait(_TRICKLE_S)
            self._chunk(b": wait\n\n" if body.get("stream") else b" ")

    def _begin_stream(self, body: Body) -> None:
        """Send a stream's head and first event; nothing where no stream is asked for."""
        if body.get("stream"):
            self._head(200, "text/event-stream", {"Transfer-Encoding": "chunked"})
            self._chunk(next(_events(self.path, body, "first second")))

    def _stream(self, events: Iterator[bytes]) -> None:
        self._head(200, "text/event-stream", {"Transfer-Encoding": "chunked"})
        for event in events:
            self._chunk(event)
        self._chunk(b"")

    def _json(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        if self._credentials:
            body = _with_credentials(body, self._credentials)
        self._send(status, "application/json", json.dumps(body).encode(), headers)

    def _send(self, status: int, kind: str, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self._head(status, kind, {"Content-Length": str(len(body)), **(headers or {})})
        self.wfile.write(body)

    def _head(self, status: int, kind: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        fixed = {"Content-Type": kind, "Set-Cookie": "session=1", "X-Request-Id": "fake-1"}
        if self._credentials:
            fixed |= {"X-You-Sent": self._credentials, "Set-Cookie": self._credentials}
        for name, value in {**fixed, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()


def _with_credentials(value: Any, credentials: str) -> Any:
    """Return JSON-able data with the credentials behind every text."""
    if isinstance(value, Mapping):
        return {**{key: _with_credentials(item, credentials) for key, item in value.items()}, credentials: "sent"}
    if isinstance(value, list):
        return [_with_credentials(item, credentials) for item in value]
    return f"{value} {credentials}" if isinstance(value, str) else value


def _whole(path: str, body: Body, fake: FakeUpstream) -> tuple[int, Body]:
    operation = path.partition("?")[0].removeprefix("/v1/")
    if operation == "models":
        data = [{"id": name, "object": "model", **fake.entry} for name in fake.models]
        return 200, {"object": "list", "data": data}
    if operation == "embeddings":
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        data = [
            {"object": "embedding", "index": i, "embedding": [float(len(text)), 1.0]} for i, text in enumerate(texts)
        ]
        return 200, {"object": "list", "model": body["model"], "data": data, "usage": _usage("", "")}
    if operation not in {"chat/completions", "completions"}:
        return 404, {"error": {"message": f"no {path}", "type": "invalid_request_error", "code": None}}
    said = fake.answer(body)
    chat = operation == "chat/completions"
    members = {"content" if chat else "text": said} if isinstance(said, str) else dict(said)
    inner: Body = {"message": {"role": "assistant", "content": None, **members}} if chat else members
    return 200, {
        "id": "fake-1",
        "object": "chat.completion" if chat else "text_completion",
        "created": 0,
        "model": body["model"],
        "choices": [{"index": 0, "finish_reason": "stop", **inner}],
        "usage": _usage(last_message(body), said if isinstance(said, str) else ""),
    }


def _events(path: str, body: Body, said: str | Mapping[str, Any]) -> Iterator[bytes]:
    """Yield one event a word, one with the finish reason, one with the usage if asked for, and [DONE]."""
    chat = "chat" in path
    words = said.split(" ") if isinstance(said, str) else [said]
    for number, word in enumerate(words):
        text = f" {word}" if number and isinstance(word, str) else word
        named = {"content" if chat else "text": text} if isinstance(text, str) else dict(text)
        yield _event(body, [{"index": 0, "finish_reason": None, **({"delta": named} if chat else named)}])
    yield _event(body, [{"index": 0, "finish_reason": "stop", **({"delta": {}} if chat else {"text": ""})}])
    if (body.get("stream_options") or {}).get("include_usage"):
        yield _event(body, [], usage=_usage(last_message(body), said if isinstance(said, str) else ""))
    yield b"data: [DONE]\n\n"


def _event(body: Body, choices: list[Body], **more: Any) -> bytes:
    event = {"id": "fake-1", "created": 0, "model": body.get("model"), "choices": choices, **more}
    return b"data: " + json.dumps(event).encode() + b"\n\n"


def _usage(prompt: str, answer: str) -> dict[str, int]:
    counts = (len(prompt.split()), len(answer.split()))
    return {"prompt_tokens": counts[0], "completion_tokens": counts[1], "total_tokens": sum(counts)}
