"""Read samples.jsonl as it lies in a run's folder: line by line, with the place of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from hub.report import Sample


def samples_file(folder: Path, job: str) -> Path:
    """Return where a job's samples lie in the run's `folder`."""
    return folder / "jobs" / job / "samples.jsonl"


def numbered_samples(folder: Path, job: str) -> Iterator[tuple[int, Sample]]:
    """Yield a job's samples with their lines, from 1; a file that is absent and a line that is none yield nothing."""
    file = samples_file(folder, job)
    for number, _, raw in sample_lines(file) if file.is_file() else ():
        if sample := parse_sample(raw):
            yield number, sample


def sample_lines(file: Path) -> Iterator[tuple[int, int, bytes]]:
    """Yield line number (from 1), offset and bytes of each line that holds anything."""
    offset = 0
    with file.open("rb") as lines:
        for number, raw in enumerate(lines, 1):
            if raw.strip():
                yield number, offset, raw
            offset += len(raw)


def parse_sample(raw: bytes) -> Sample | None:
    """Return the sample of a line, None where it holds none. A score that is no number was written as null."""
    try:
        entry = json.loads(raw)
        if isinstance(entry, dict) and isinstance(entry.get("scores"), dict):
            entry["scores"] = {name: score for name, score in entry["scores"].items() if score is not None}
        return Sample.model_validate(entry)
    except (ValidationError, ValueError, RecursionError):
        return None
