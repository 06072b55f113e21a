"""What became of every part: status.json, written anew at each step, so that a killed job leaves it behind."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.opencompass.contract import OPENCOMPASS_VERSION, Dataset, Part, Stage

Entry = dict[str, Any]


class Status:
    """The parts by the name of their files; `running` in a dead process's status is where it died."""

    def __init__(self, file: Path, task: str) -> None:
        """Start with nothing; `task` is the digest of what the job was told."""
        self._file = file
        self._lock = threading.Lock()  # OpenCompass's own runner has a thread for each task
        self._content: dict[str, Any] = {"opencompass": OPENCOMPASS_VERSION, "task": task, "model": {}, "parts": {}}

    @property
    def parts(self) -> Mapping[str, Entry]:
        """Return every part that was announced."""
        parts: dict[str, Entry] = self._content["parts"]
        return parts

    def describe_model(self, **facts: object) -> None:
        """Say how the model is asked."""
        self._content["model"].update(facts)
        self._write()

    def announce(self, dataset: Dataset, part: Part, *, planned: int, **protocol: object) -> None:
        """Add a part that is loaded and waits; `protocol` says how it is asked."""
        self._content["parts"][part.file] = {
            "dataset": dataset.label,
            "abbr": part.abbr,
            "subset": part.subset,
            "planned": planned,
            **protocol,
            "stage": "load",
            "state": "ok",
            "error": "",
            "seconds": {},
        }
        self._write()

    def refuse(self, dataset: Dataset, part: Part, error: str) -> None:
        """Add a part that cannot be loaded."""
        self.announce(dataset, part, planned=0)
        self.fail(part.file, "load", error)

    def start(self, file: str, stage: Stage) -> None:
        """Say that a part is at work."""
        self._update(file, stage=stage, state="running")

    def finish(self, file: str, stage: Stage, seconds: float) -> None:
        """Say that a stage of a part went well."""
        self._update(file, stage=stage, state="ok", seconds={**self.parts[file]["seconds"], stage: round(seconds, 3)})

    def fail(self, file: str, stage: Stage, error: str) -> None:
        """Say why a part has no score."""
        self._update(file, stage=stage, state="failed", error=error)

    def is_done(self, file: str, stage: Stage) -> bool:
        """Return whether a stage of a part went well."""
        entry = self.parts[file]
        return bool(entry["stage"] == stage and entry["state"] == "ok")

    def may_go_on(self, file: str) -> bool:
        """Return whether nothing has gone wrong with a part."""
        return bool(self.parts[file]["state"] != "failed")

    def running(self) -> tuple[str, ...]:
        """Return the parts at work: after a process died, those it died in."""
        return tuple(file for file, entry in self.parts.items() if entry["state"] == "running")

    def reload(self) -> None:
        """Read what another process wrote."""
        self._content = json.loads(self._file.read_text(encoding="utf-8"))

    def _update(self, file: str, **fields: object) -> None:
        with self._lock:
            self._content["parts"][file].update(fields)
            self._write()

    def _write(self) -> None:
        draft = self._file.with_name(f".{self._file.name}")
        draft.write_text(json.dumps(self._content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(draft, self._file)  # noqa: PTH105 - one step
