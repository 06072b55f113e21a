"""One look at a server: whether its model is loaded and it answers, asked at its socket."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path

from hub.unixsocket import opened

_ANSWER_S = 5.0


class _AtSocket(http.client.HTTPConnection):
    """HTTP at a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_ANSWER_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_ANSWER_S)
        with opened(str(self._path)) as address:
            self.sock.connect(address)


def is_healthy(path: Path, target: str) -> bool:
    """Return whether a GET of `target` at the socket is answered with 200; every other answer means: not yet."""
    connection = _AtSocket(path)
    try:
        connection.request("GET", target)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
