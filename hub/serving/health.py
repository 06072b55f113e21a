"""One look at a server: whether its model is loaded and it answers, asked at its socket."""

from __future__ import annotations

import re
import socket
import time
from contextlib import suppress
from pathlib import Path

from hub.unixsocket import opened

_ANSWER_S = 5.0
_WELL = re.compile(rb"HTTP/1\.[01] 200 ")
_STATUS = len("HTTP/1.1 200 ")


def is_healthy(path: Path, target: str) -> bool:
    """Return whether a GET of `target` at the socket is answered with 200; every other answer means: not yet.

    It takes no longer than a few seconds, whatever the server does: nothing behind the status is read.
    """
    until = time.monotonic() + _ANSWER_S
    with suppress(OSError), socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(_ANSWER_S)
        with opened(str(path)) as address:
            asked.connect(address)
        asked.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        said = b""
        while len(said) < _STATUS and (left_s := until - time.monotonic()) > 0:
            asked.settimeout(left_s)
            piece = asked.recv(_STATUS - len(said))
            if not piece:
                break
            said += piece
        return _WELL.match(said) is not None
    return False
