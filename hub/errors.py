"""The error tree: every failure that evaldock reports on purpose, one exit code per branch.

EvaldockError                1   something failed
├── TaskError                2   the task file (or a flag) is wrong; carries every problem found
├── PrerequisiteError        3   something that must exist does not: engine, GPU, data, model, secret, endpoint
├── ImageError               4   an image or environment could not be built
├── EngineError              1   an engine failed while it held a job
│   └── ServerError          1   a model server did not start, or ended
├── GatewayError             1   the gateway did not start or died
├── NormalizeError           1   a backend's files could not be read
├── RunError                 2   a run has not what was asked for: a readable record, a report, a job, a log
│   ├── RunNotFoundError     2   no such run
│   └── ChangedRunError      2   what a run would go on with is not what it began with
└── InterruptedRunError    130   the user stopped it
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_MOST_SHOWN = 50


class EvaldockError(Exception):
    """A failure with a message for the user; `hint` says what to do next."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep the message and the hint apart, so that a screen can set them apart too."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return the message, and the hint below it."""
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with a task: where (file, 1-based line, key path) and what."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        """Return `file:line: key: message`, the form that editors jump to."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class TaskError(EvaldockError):
    """The task (or another file of the user's) is wrong; `problems` lists everything found, in file order."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem], *, what: str = "the task", hint: str = "") -> None:
        """Sort and keep the problems; there is at least one. `what` is wrong."""
        self.problems = tuple(sorted(set(problems)))
        count = len(self.problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems[:_MOST_SHOWN])
        if count > _MOST_SHOWN:
            lines += f"\n  and {count - _MOST_SHOWN} more"
        noun = "problem" if count == 1 else "problems"
        super().__init__(f"{count} {noun} in {what}\n{lines}", hint=hint)


class PrerequisiteError(EvaldockError):
    """Something outside evaldock is missing; the hint names the command that mends it."""

    exit_code = 3


class ImageError(EvaldockError):
    """An image or a virtual environment could not be had."""

    exit_code = 4


class BaseImageError(ImageError):
    """The base image is neither here nor can it be pulled."""


class EngineError(EvaldockError):
    """An engine failed while it held a job."""


class ServerError(EngineError):
    """A model server did not start, or ended; the message says why, with the end of its log."""


class GatewayError(EvaldockError):
    """The gateway did not start, or died."""


class NormalizeError(EvaldockError):
    """A backend's output could not be read as what the backend writes."""


class RunError(EvaldockError):
    """A run has not what was asked for: a readable record, a report, a job, a log."""

    exit_code = 2


class RunNotFoundError(RunError):
    """No run of that name."""


class ChangedRunError(RunError):
    """What a run would go on with is not what it began with, so its results could not be told apart."""


class InterruptedRunError(EvaldockError):
    """The user stopped the run."""

    exit_code = 130
