"""Write what was found: one line per sample as soon as it is known, and summary.json, never half written."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from adapters.native.contract import SAMPLES_FOLDER, SUMMARY_FILE


class Record:
    """The output folder of one evaluation; a context manager, for it holds files open."""

    def __init__(self, folder: Path, facts: Mapping[str, Any]) -> None:
        """Start an empty summary with `facts` (versions, seed) in front."""
        self._folder = folder
        self._files: dict[str, TextIO] = {}
        self._summary: dict[str, Any] = {**facts, "datasets": {}}

    def __enter__(self) -> Record:  # noqa: PYI034 - Self is newer than Python 3.10
        """Make the folder and return itself."""
        (self._folder / SAMPLES_FOLDER).mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        """Close the samples' files."""
        for file in self._files.values():
            file.close()

    def sample(self, dataset: str, subset: str, line: Mapping[str, Any]) -> None:
        """Append one sample and flush it: a job that is killed keeps what it had."""
        name = samples_name(dataset, subset)
        if name not in self._files:
            self._files[name] = (self._folder / name).open("w", encoding="utf-8", errors="backslashreplace")
        self._files[name].write(json.dumps(line, ensure_ascii=False) + "\n")
        self._files[name].flush()

    def facts(self, **facts: Any) -> None:
        """Add facts to the summary."""
        self._summary.update(facts)

    def dataset(self, label: str, entry: Mapping[str, Any]) -> None:
        """Set one data set's part of the summary and write the file anew."""
        self._summary["datasets"][label] = entry
        text = json.dumps(self._summary, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        new = self._folder / f".{SUMMARY_FILE}.new"
        with new.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._folder / SUMMARY_FILE)


def samples_name(dataset: str, subset: str) -> str:
    """Return the file of a subset's samples, relative to the output folder."""
    return f"{SAMPLES_FOLDER}/{quote(dataset, safe=' ')}__{quote(subset, safe=' ')}.jsonl"
