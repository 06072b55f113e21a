"""Requests without an answer: failures.jsonl, and how many there were of each kind."""

from __future__ import annotations

import json
import threading
from collections import Counter
from pathlib import Path


class Failures:
    """The failures of one data set, appended to a file that all share; threads may note at once."""

    def __init__(self, file: Path, label: str) -> None:
        """Start with none; `label` is the data set's."""
        self._file, self._label = file, label
        self._lock = threading.Lock()
        self._count: Counter[str] = Counter()
        self.first = ""

    def note(self, role: str, sample: str, error: str, *, seen: bool) -> None:
        """Write down a request that failed."""
        self._write(role, role, {"sample": sample, "error": error, "seen": seen, "empty": False})
        self.first = self.first or error

    def note_empty(self, role: str, sample: str) -> None:
        """Write down an answer that holds nothing."""
        error = "the model's answer is empty"
        self._write(f"{role} empty", role, {"sample": sample, "error": error, "seen": False, "empty": True})

    def count(self, role: str) -> int:
        """Return how many requests of a role failed."""
        return self._count[role]

    def count_empty(self, role: str) -> int:
        """Return how many answers of a role were empty."""
        return self._count[f"{role} empty"]

    def _write(self, kind: str, role: str, facts: dict[str, object]) -> None:
        line = json.dumps({"dataset": self._label, "role": role, **facts}, ensure_ascii=False) + "\n"
        with self._lock, self._file.open("a", encoding="utf-8", errors="replace") as file:
            self._count[kind] += 1
            file.write(line)
