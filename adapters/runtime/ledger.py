"""A runner's own account of what it asked weights that it loaded itself: one line a call in output/ledger.jsonl.

A runner that asks the gateway writes none: the gateway does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

FILE = "ledger.jsonl"


class Call(NamedTuple):
    """One call, under the names of the hub's ledger (docs/gateway.md); the hub adds which start of the job it was.

    Attributes:
        at: seconds since the epoch at which the request was taken up.
        outcome: `ok`, or `invalid_request` where the model cannot take the request.
        key: what tells equal requests, hexadecimal; `number`: its occurrence, from 0.
        attempts: 0 where nothing was computed for it.
        cached: answered from what an earlier start of the job had computed.
    """

    at: float
    role: str
    dataset: str
    operation: str
    outcome: str = "ok"
    sample: str = ""
    key: str = ""
    number: int = 0
    upstream: str = ""
    model: str = ""
    attempts: int = 1
    status: int = 200
    error: str = ""
    waited_ms: float = 0.0
    latency_ms: float = 0.0
    ttft_ms: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cached: bool = False
    delivered: bool = True
    bytes_in: int = 0
    bytes_out: int = 0


class Ledger:
    """The file, open for writing; a context manager that closes it."""

    def __init__(self, output: Path) -> None:
        """Open it, at its end."""
        self._file = open(output / FILE, "a", encoding="utf-8")  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Ledger:  # noqa: PYI034 - Self is newer than Python 3.10
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    def add(self, call: Call) -> None:
        """Append a call and flush it: a job that is killed keeps its account."""
        self._file.write(json.dumps(call._asdict()) + "\n")
        self._file.flush()
