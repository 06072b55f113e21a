"""What was asked and what came of it: a line a request in a file, and a line at the end."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TextIO

from hub.errors import PrerequisiteError
from hub.mock.operations import Prepared
from hub.text import show_duration

_SHOWN = 500
CLIENT_LEFT = 499  # nginx's number for it
_SHUT = ("refuse", "hang", "trickle", "drop")


@dataclass
class Entry:
    """One request; filled in while it is served. A fault that leaves no whole answer has status 0."""

    method: str
    path: str
    began: float = field(default_factory=time.monotonic)
    status: int = CLIENT_LEFT
    model: str = ""
    id: str = ""
    stream: bool = False
    fault: str = ""
    prompt: str = ""
    images: tuple[str, ...] = ()
    answer: str = ""
    notes: tuple[str, ...] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    error: str = ""

    def take(self, prepared: Prepared) -> None:
        """Take over what is worth noting of an answer."""
        self.model, self.id, self.stream = prepared.model, prepared.id, bool(prepared.events)
        self.prompt, self.images = prepared.prompt, prepared.images
        self.answer, self.notes = prepared.answer, prepared.notes
        self.prompt_tokens, self.completion_tokens = prepared.prompt_tokens, prepared.completion_tokens

    def befall(self, fault: str) -> None:
        """Note a fault, and that there was no answer."""
        self.fault, self.id, self.answer, self.notes, self.completion_tokens = fault, "", "", (), 0


class Journal:
    """Counts requests and writes them down; a key never reaches it but by a prompt, and is struck out there."""

    def __init__(self, path: Path | None = None, *, key: str = "") -> None:
        """Open the file, at its end.

        Raises:
            PrerequisiteError: it cannot be written.
        """
        self.requests = 0
        self.statuses: Counter[int] = Counter()
        self.faults: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self._key = key
        self._began = time.monotonic()
        self._file: TextIO | None = None
        if path is not None:
            try:
                self._file = path.open("a", encoding="utf-8", buffering=1)
            except OSError as error:
                message = f"--log {path}: cannot be written: {error.strerror or error}"
                raise PrerequisiteError(message, hint="name a file in a folder that exists") from error

    def __enter__(self) -> Journal:  # noqa: PYI034 - typing.Self is of Python 3.11
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        if self._file:
            self._file.close()

    def note(self, entry: Entry) -> None:
        """Count a request, and write it down."""
        status = 0 if entry.fault in _SHUT else entry.status
        self.requests += 1
        self.notes.update(note for note in entry.notes if note)
        if entry.fault:
            self.faults[entry.fault] += 1
        else:
            self.statuses[status] += 1
        if self._file:
            line = {name: self._struck(value) for name, value in _line(entry).items()}
            self._file.write(json.dumps({**line, "status": status}) + "\n")

    def _struck(self, value: object) -> object:
        """Strike the key out of a text, then cut the text: half a key is a secret too."""
        if isinstance(value, list):
            return [self._struck(part) for part in value]
        if not isinstance(value, str):
            return value
        text = value.replace(self._key, "***") if self._key else value
        return text if len(text) <= _SHOWN else f"...{text[-_SHOWN:]}"

    def summary(self) -> str:
        """Return one line: how many requests, how they ended, where the answers came from."""
        parts = [f"{self.requests:,} requests in {show_duration(time.monotonic() - self._began)}"]
        refused = sum(count for status, count in self.statuses.items() if status not in {200, CLIENT_LEFT})
        named = (
            (self.statuses[200], "answered"),
            (refused, "refused"),
            (self.statuses[CLIENT_LEFT], "given up"),
        )
        parts += [f"{count:,} {name}" for count, name in named if count]
        if self.faults:
            parts.append(f"{sum(self.faults.values()):,} faults ({_counts(self.faults)})")
        if self.notes:
            parts.append(f"answers: {_counts(self.notes)}")
        return "; ".join(parts)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))


def _line(entry: Entry) -> dict[str, object]:
    """Return what is worth keeping; what is not there is left out."""
    line = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "method": entry.method,
        "path": entry.path,
        "model": entry.model,
        "id": entry.id,
        "fault": entry.fault,
        "stream": entry.stream,
        "latency_s": round(time.monotonic() - entry.began, 4),
        "prompt_tokens": entry.prompt_tokens,
        "completion_tokens": entry.completion_tokens,
        "notes": list(entry.notes) if any(entry.notes) else [],
        "prompt": entry.prompt,
        "images": list(entry.images),
        "answer": entry.answer,
        "error": entry.error,
    }
    return {key: value for key, value in line.items() if value not in ("", [], False)}
