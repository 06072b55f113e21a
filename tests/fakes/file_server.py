"""A server on loopback with one file, as good or as bad as a test wants it."""

from __future__ import annotations

import re
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

TLS = Path(__file__).resolve().parents[1] / "fixtures" / "tls"
_MODIFIED = "Tue, 14 Nov 2023 22:13:20 GMT"


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    headers: dict[str, str]

    @property
    def range(self) -> str:
        """Return the range it asked for; empty for all."""
        return self.headers.get("range", "")


@dataclass
class FileServer:
    """Serves `content` at every path but /moved/<n>/..., which redirects n times, while entered.

    Attributes:
        ranges: whether it knows Range, and `conditions` whether it knows If-Range.
        statuses: for the next requests in turn instead of an answer; 0 for a proper one.
        breaks: how many bytes the next transfers send in turn before the connection ends; None for all.
        stall_at: send so many bytes of each transfer, then hold the line until `closing`.
        mute: take requests and never answer.
        length: announce this many bytes, whatever is sent; -1 announces none and ends with the connection.
        chunked: send in chunks, and announce no length.
        head: whether it knows HEAD.
        pace_s: wait so long after each piece of 1 kB.
        aim: where /moved leads in the end; empty for this server.
        tls: whether it speaks TLS, with the certificate of tests/fixtures/tls.
    """

    content: bytes
    etag: str = '"one"'
    modified: str = _MODIFIED
    kind: str = "application/octet-stream"
    ranges: bool = True
    conditions: bool = True
    statuses: list[int] = field(default_factory=list)
    breaks: list[int | None] = field(default_factory=list)
    stall_at: int | None = None
    mute: bool = False
    length: int | None = None
    chunked: bool = False
    head: bool = True
    retry_after: str = ""
    pace_s: float = 0.0
    aim: str = ""
    tls: bool = False
    requests: list[Asked] = field(default_factory=list)
    stalled: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> FileServer:  # noqa: PYI034 - Self needs Python 3.11
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.files = self
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str = "data.zip") -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/{path}"

    @property
    def gets(self) -> list[Asked]:
        """Return the requests for content."""
        return [asked for asked in self.requests if asked.method == "GET"]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    files: FileServer

    def handle_error(self, *_: object) -> None:
        """Stay silent: clients that give up are what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_HEAD(self) -> None:
        self._respond()

    def do_GET(self) -> None:
        self._respond()

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def _respond(self) -> None:
        files = self.server.files
        asked = Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()})
        files.requests.append(asked)
        if files.mute:
            files.closing.wait()
        if match := re.search(r"/moved/(\d+)/(.*)", self.path):
            self._redirect(int(match[1]), match[2])
        elif self.command == "HEAD" and not files.head:
            self._plain(405)
        elif status := files.statuses.pop(0) if files.statuses else 0:
            self._plain(status)
        else:
            self._serve(asked)

    def _redirect(self, left: int, path: str) -> None:
        files = self.server.files
        aim = files.aim or files.url(path)
        self.send_response(302)
        self.send_header("Location", f"/moved/{left - 1}/{path}" if left > 1 else aim)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _plain(self, status: int) -> None:
        body = b"<html>no</html>"
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        if self.server.files.retry_after:
            self.send_header("Retry-After", self.server.files.retry_after)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _serve(self, asked: Asked) -> None:
        files = self.server.files
        start, end = self._part(asked)
        whole = len(files.content)
        if start is not None and start >= whole:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{whole}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200 if start is None else 206)
        if start is not None:
            self.send_header("Content-Range", f"bytes {start}-{end}/{whole}")
        self._describe(end + 1 - (start or 0))
        self.end_headers()
        if self.command == "GET":
            self._send(files.content[start or 0 : end + 1])

    def _part(self, asked: Asked) -> tuple[int | None, int]:
        files = self.server.files
        last = len(files.content) - 1
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", asked.range) if files.ranges else None
        condition = asked.headers.get("if-range")
        if not match or (condition and files.conditions and condition not in {files.etag, files.modified}):
            return None, last
        return int(match[1]), min(last, int(match[2])) if match[2] else last

    def _describe(self, length: int) -> None:
        files = self.server.files
        facts = {"ETag": files.etag, "Last-Modified": files.modified, "Content-Type": files.kind}
        for name, value in facts.items():
            if value:
                self.send_header(name, value)
        if files.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif files.length != -1:
            self.send_header("Content-Length", str(length if files.length is None else files.length))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True

    def _send(self, body: bytes) -> None:
        files = self.server.files
        most = files.breaks.pop(0) if files.breaks else None
        limits = [limit for limit in (most, files.stall_at) if limit is not None]
        sent = body[: min([len(body), *limits])]
        for begin in range(0, len(sent), 1000 if files.pace_s else 1 << 20):
            self._piece(sent[begin : begin + (1000 if files.pace_s else 1 << 20)])
            if files.pace_s:
                files.closing.wait(files.pace_s)
        if files.stall_at is not None and len(sent) < len(body):
            self.wfile.flush()
            files.stalled.set()
            files.closing.wait()
        if files.chunked and len(sent) == len(body):
            self.wfile.write(b"0\r\n\r\n")
        if len(sent) < len(body) or files.length is not None:
            self.close_connection = True

    def _piece(self, data: bytes) -> None:
        try:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data) if self.server.files.chunked else data)
        except ConnectionError:
            self.close_connection = True
