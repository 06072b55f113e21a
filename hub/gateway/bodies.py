"""What was asked and answered, line by line in a file of its own, for whoever looks into a backend."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from functools import partial
from pathlib import Path

from hub.gateway.aside import SMALL, aside
from hub.gateway.call import Call
from hub.gateway.ending import Ending


class Bodies:
    """Appends one line for each call."""

    def __init__(self, file: Path | None) -> None:
        """Append to `file`; keep nothing where there is none."""
        self._file = file
        self._work: set[asyncio.Task[None]] = set()

    @property
    def wanted(self) -> bool:
        """Return whether anything is kept."""
        return self._file is not None

    def write(self, call: Call, ending: Ending) -> None:
        """Append a call that has ended, a large one soon."""
        if self._file is None:
            return
        if call.account.bytes_in + ending.bytes_out <= SMALL:
            _append(self._file, call, ending)
            return
        task = asyncio.ensure_future(aside(partial(_append, self._file, call, ending)))
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def written(self) -> None:
        """Wait until all lines are in the file."""
        await asyncio.gather(*self._work)


def _line(call: Call, ending: Ending) -> bytes:
    kept = {
        "at": ending.at,
        "role": call.role,
        "dataset": call.dataset,
        "sample": call.sample,
        "request": dict(call.fields),
        "status": ending.status,
        "answer": _said(b"".join(ending.said or ())),
    }
    return json.dumps(kept, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def _said(answer: bytes) -> object:
    """Return an answer as the JSON that it is, or a stream as its text."""
    try:
        return json.loads(answer)
    except ValueError:
        return answer.decode(errors="replace")


def _append(file: Path, call: Call, ending: Ending) -> None:
    line = _line(call, ending)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "ab") as opened:
            opened.write(line)
    except OSError as error:  # a help for looking into things, which is not worth a run
        print(f"{file} cannot be written: {error.strerror}", file=sys.stderr)  # noqa: T201 - beside the last words
