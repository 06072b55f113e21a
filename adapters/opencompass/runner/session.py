"""What the one process of a job knows: its task, the loaded data, the state of every part.

OpenCompass makes our runner and our models by their dotted names; they find what they need here. The stages run in
forks of this process and inherit it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.opencompass.contract import EXPERIMENT, Dataset, Part, Task
from adapters.opencompass.runner.meter import Meter
from adapters.opencompass.runner.status import Status


@dataclass(frozen=True)
class Held:
    """A part whose data are loaded: `config` is plain data, `place` the folder that it runs in, `rows` its length."""

    dataset: Dataset
    part: Part
    config: dict[str, Any]
    place: Path
    data: Path
    loaded: Any
    rows: int


@dataclass
class Session:
    """One job. `parts` is by the name of their files, which is what OpenCompass knows them by."""

    task: Task
    output: Path
    scratch: Path
    status: Status
    meter: Meter = field(default_factory=Meter)
    parts: dict[str, Held] = field(default_factory=dict)
    sealed: str = "nothing was scored yet"

    def answered(self, held: Held) -> int:
        """Return how many rows of a part an earlier start has answered, where it broke off."""
        begun = self.output / EXPERIMENT / "predictions" / self.task.model.name / f"tmp_{held.part.file}.json"
        try:
            return len(json.loads(begun.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return 0


_current: list[Session] = []


def open_session(session: Session) -> None:
    """Make `session` the one of this process."""
    _current[:] = [session]


def current() -> Session:
    """Return the session of this process."""
    return _current[0]
