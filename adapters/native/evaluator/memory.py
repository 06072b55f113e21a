"""What a checkpoint has answered, kept as it comes: the job's next start takes it over and computes the rest."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from adapters.native.contract import EVALUATOR_VERSION
from adapters.native.evaluator.dataset import fingerprint
from adapters.native.evaluator.request import Outcome, Request
from adapters.runtime import job

FILE = "outcomes.jsonl"
_DEFAULTS = vars(Outcome())


class Memory:
    """The outcomes in the job's output, its own and those of earlier starts; a context manager that closes the file.

    An outcome of an earlier start is used only where everything that decides it is the same: `facts`, which the file
    begins with, for all, and for each one its data set, id, prompt and parameters, by their fingerprint.
    """

    def __init__(self, output: Path, facts: Mapping[str, str]) -> None:
        """Read what `take_over` left, and open the file for more."""
        file, facts = output / FILE, {"evaluator": EVALUATOR_VERSION, **facts}
        found = _read(file, facts)
        self._found = found or {}
        self._file = file.open("w" if found is None else "a", encoding="utf-8")
        if found is None:
            self._write({"facts": facts})

    def __enter__(self) -> Memory:  # noqa: PYI034 - Self is newer than Python 3.10
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    def find(self, key: str) -> Outcome | None:
        """Return what an earlier start computed, None where it did not."""
        return self._found.get(key)

    def keep(self, key: str, outcome: Outcome) -> None:
        """Append an outcome and flush it, so that a job that is killed keeps it."""
        told = {name: value for name, value in vars(outcome).items() if value != _DEFAULTS[name]}
        self._write({"key": key, "outcome": told})

    def _write(self, line: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


def take_over(previous: Path, output: Path) -> None:
    """Bring what the job's last start left into this one's output, before anything else is there.

    So a start that breaks off, or that cannot load the model, hands on what the one before it had computed.
    """
    with suppress(FileNotFoundError):
        left = (previous / FILE).read_bytes()
        if whole := left[: left.rfind(b"\n") + 1]:  # a job that was killed leaves half a line
            new = output / f".{FILE}.new"
            new.write_bytes(whole)
            new.replace(output / FILE)


def key_of(dataset: str, request: Request) -> str:
    """Return what tells a request from every other: a fingerprint, as hexadecimal digits."""
    return fingerprint([dataset, type(request).__name__, dataclasses.asdict(request)]).removeprefix("sha256:")


def _read(file: Path, facts: Mapping[str, str]) -> dict[str, Outcome] | None:
    """Return the outcomes of a file, None where there is none, or it was made with something else than `facts`."""
    if not file.exists():
        return None
    with file.open("rb") as lines:
        made = _decoded(next(lines, b"")).get("facts", {})
        if made == facts:
            return dict(entry for line in lines if (entry := _entry(_decoded(line))))
    changed = ", ".join(sorted(name for name in facts if made.get(name) != facts[name]))
    job.event("message", text=f"what an earlier start computed is not used; changed since then: {changed}")
    return None


def _decoded(line: bytes) -> dict[str, Any]:
    """Return the object of a line; an empty one for a line that is damaged."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _entry(line: Mapping[str, Any]) -> tuple[str, Outcome] | None:
    try:
        told = line["outcome"]
        return line["key"], Outcome(**{**told, "likelihoods": tuple(told.get("likelihoods", ()))})
    except (LookupError, TypeError, AttributeError):
        return None
