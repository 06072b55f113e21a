"""A virtual API server on loopback, with the contract of StableToolBench's: POST /virtual, `{error, response}`.

The request is JSON with category, tool_name, api_name, tool_input (text or object), strip and toolbench_key; one that
lacks a field is refused with 422. The answer comes from the cache, else from the simulator where there is one;
without it a miss is a 500, as at StableToolBench's own server when the real one is away. The key is never looked at.
How an answer was had is said in a header.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import unquote

from adapters.runtime.gateway import SAMPLE_HEADER
from adapters.toolbench.evaluator.stable.cache import Answer, Cache
from adapters.toolbench.evaluator.stable.simulate import Call, LostError, Simulator

PATH = "/virtual"
ORIGIN_HEADER = "X-Evaldock-Origin"
# Values of that header; the last two come with a failure.
EXACT, REORDERED, SIMULATED, UNPARSABLE, MISSED, UNSIMULATED, LOST = (
    *("cache", "cache, other order", "simulator", "unparsable input"),
    *("miss", "no usable simulation", "simulator lost"),
)
_FIELDS = ("category", "tool_name", "api_name", "tool_input", "strip", "toolbench_key")
_LARGEST = 8 << 20
_BAD_INPUT = Answer("Tool input parse error...\n", "")
_NO_SIMULATION = Answer("Failed to generate fake response", "")

Documentation = Callable[[str, str, str], str]


class Served(NamedTuple):
    """A reply of the server before it is written."""

    status: int
    body: Mapping[str, Any]
    origin: str = ""


class VirtualApis:
    """What the server knows: recorded answers, a simulator, and what is documented of an API."""

    def __init__(self, cache: Cache | None, simulator: Simulator | None, documentation: Documentation) -> None:
        """Keep them; without both, every call is a miss."""
        self._cache = cache
        self._simulator = simulator
        self._documentation = documentation

    def serve(self, request: Any, sample: str) -> Served:
        """Return the reply to a request, for one sample."""
        missing = [name for name in _FIELDS if not isinstance(request, dict) or name not in request]
        if missing:
            return Served(HTTPStatus.UNPROCESSABLE_ENTITY, {"detail": f"missing: {', '.join(missing)}"})
        given = _input(request["tool_input"])
        if given is None:
            return _served(_BAD_INPUT, UNPARSABLE)
        category, tool, api = (str(request[name]) for name in _FIELDS[:3])
        try:
            return self._answer(Call(sample, category, tool, api, given))
        except RecursionError:  # input so deep that it can be read, but not written
            return _served(_BAD_INPUT, UNPARSABLE)

    def _answer(self, call: Call) -> Served:
        place = (call.category, call.tool, call.api)
        found = self._cache.find(*place, call.given) if self._cache else None
        if found is not None:
            return _served(found, EXACT if found.exact else REORDERED)
        if self._simulator is None:
            return Served(HTTPStatus.INTERNAL_SERVER_ERROR, {"detail": "not in the cache"}, MISSED)
        examples = self._cache.examples(*place) if self._cache else ""
        try:
            made = self._simulator.answer(call, self._documentation(*place), examples)
        except LostError as error:
            return Served(HTTPStatus.BAD_GATEWAY, {"detail": str(error), "state": error.state}, LOST)
        return _served(made, SIMULATED) if made else _served(_NO_SIMULATION, UNSIMULATED)


class VirtualServer:
    """The server itself; a context manager that listens on a free port of 127.0.0.1."""

    def __init__(self, apis: VirtualApis) -> None:
        """Bind the port."""
        handler = type("Handler", (_Handler,), {"apis": apis})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{PATH}"

    def __enter__(self) -> VirtualServer:  # noqa: PYI034 - Self is newer than Python 3.10
        """Start to serve."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024


class _Handler(BaseHTTPRequestHandler):
    apis: VirtualApis
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        size = int(length) if length.isdigit() else -1
        if self.path != PATH or not 0 <= size <= _LARGEST:
            self.close_connection = True
            status = HTTPStatus.NOT_FOUND if self.path != PATH else HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            self._write(Served(status, {"detail": f"POST {PATH}, with a length, is all there is"}))
            return
        try:
            request = json.loads(self.rfile.read(size))
        except (ValueError, RecursionError):
            request = None
        self._write(self.apis.serve(request, unquote(self.headers.get(SAMPLE_HEADER, ""))))

    def _write(self, served: Served) -> None:
        body = json.dumps(served.body, ensure_ascii=False).encode("utf-8", "replace")
        self.send_response(served.status)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), ORIGIN_HEADER: served.origin}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of the base
        pass


def _input(given: Any) -> dict[str, Any] | None:
    """Return the input of a call; None where it is no JSON object."""
    if isinstance(given, str):
        try:
            given = json.loads(given) if given.strip() else {}
        except (ValueError, RecursionError):
            return None
    return given if isinstance(given, dict) else None


def _served(answer: Answer, origin: str) -> Served:
    return Served(HTTPStatus.OK, {"error": answer.error, "response": answer.response}, origin)
