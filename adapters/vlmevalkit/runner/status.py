"""What became of every data set: status.json, written anew at each step, so that a killed job leaves it behind."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.vlmevalkit.contract import VLMEVALKIT_VERSION, Dataset, Entry, Stage


class Status:
    """The data sets by the name of their folders; `task` is the digest of what the job was told."""

    def __init__(self, file: Path, task: str) -> None:
        """Start with nothing reached."""
        self._file = file
        self._task = task
        self._entries: dict[str, Entry] = {}

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Return every data set that was reached."""
        return self._entries

    def begin(self, dataset: Dataset) -> None:
        """Say that the data of a data set are being loaded."""
        self._put(dataset, Entry(dataset.label, "load", "running", reader=dataset.reader))

    def update(self, dataset: Dataset, **facts: Any) -> None:
        """Set fields of a data set's entry."""
        self._put(dataset, dataclasses.replace(self._entries[dataset.file], **facts))

    def took(self, dataset: Dataset, stage: Stage, seconds: float) -> None:
        """Note how long a stage took."""
        known = self._entries[dataset.file].seconds
        self.update(dataset, seconds={**known, stage: round(seconds, 3)})

    def fail(self, dataset: Dataset, error: str) -> None:
        """Say why a data set has no score, at the stage that it had reached."""
        self.update(dataset, state="failed", error=error)

    def _put(self, dataset: Dataset, entry: Entry) -> None:
        self._entries[dataset.file] = entry
        entries = {file: dataclasses.asdict(entry) for file, entry in self._entries.items()}
        content = {"vlmevalkit": VLMEVALKIT_VERSION, "task": self._task, "datasets": entries}
        draft = self._file.with_name(f".{self._file.name}")
        draft.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(draft, self._file)  # noqa: PTH105 - one step
