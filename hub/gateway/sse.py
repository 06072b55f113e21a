"""Server-sent events on their way through: only whole lines, and whether the stream came to its end."""

from __future__ import annotations

import re

from hub.gateway.call import Failure

# The lookbehind leaves out the same words inside an answer's text, where the quotes are escaped.
_ERROR = re.compile(rb'(?<!\\)"error"\s*:\s*[{"]')
_FINISH = re.compile(rb'data: ?\[DONE\]|(?<!\\)"finish_reason"\s*:\s*"')


class Lines:
    """Cuts a stream at line ends: half a line can then never be followed by our own event about the break."""

    def __init__(self) -> None:
        """Begin a stream."""
        self._partial = b""
        self.finished = False  # an end that the upstream meant: [DONE], a finish reason, or its own error

    def feed(self, chunk: bytes) -> bytes:
        """Take what arrived and return the lines that are whole now."""
        whole, newline, partial = chunk.rpartition(b"\n")
        if not newline:
            self._partial += chunk
            return b""
        lines = self._partial + whole + newline
        self._partial = partial
        self._look(lines)
        return lines

    def flush(self) -> bytes:
        """Return what followed the last line end."""
        partial, self._partial = self._partial, b""
        self._look(partial)
        return partial

    def __len__(self) -> int:
        """Return the bytes held back."""
        return len(self._partial)

    def _look(self, lines: bytes) -> None:
        self.finished = self.finished or finishes(lines) or tells_error(lines)


def finishes(lines: bytes) -> bool:
    """Return whether an answer comes to its end in these lines: a reason for its end, or [DONE]."""
    return bool(_FINISH.search(lines))


def tells_error(lines: bytes) -> bool:
    """Return whether the upstream says in these lines that it failed."""
    return bool(_ERROR.search(lines))


def error_event(failure: Failure) -> bytes:
    """Return the event that ends a broken stream; the empty line before it ends the event before it."""
    return b"\ndata: " + failure.body() + b"\n\n"
