"""The data block of the page: the chosen samples, packed, and what must be said of the ones that are not in it."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.render.html.samples import FIELDS, SEED, Census, Limits, choose, rows, samples_file
from hub.report import Report


@dataclass(frozen=True)
class Carried:
    """The samples in the page: how many of how many, what is said of the rest, and the packed data."""

    count: int
    total: int
    notes: list[str]
    packed: str


def carry(report: Report, folder: Path, census: Census, limits: Limits) -> Carried:
    """Choose samples and pack them; each job's samples.jsonl keeps all."""
    chosen = choose(census.places, limits)
    found = list(rows(report, folder, chosen, limits))
    jobs = [{"id": job.id, "model": job.model, "backend": job.backend} for job in report.jobs]
    notes = [*_left_out(len(chosen), sum(place.failed for place in chosen), census), *_unread(report, folder, census)]
    return Carried(len(found), len(census.places), notes, pack({"fields": FIELDS, "jobs": jobs, "rows": found}))


def pack(data: Any) -> str:
    """Return JSON, compressed (zlib) and in base64: letters that no HTML parser can take for markup."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("utf-8"), 6)).decode("ascii")


def _left_out(count: int, failed: int, census: Census) -> list[str]:
    total = len(census.places)
    if count == total:
        return []
    part = f"{count:,} of {total:,} samples are in this page, which with all of them would be too large to open"
    if failed < census.failed:
        return [f"{part}: {failed:,} of the {census.failed:,} without a score, drawn with seed {SEED}."]
    return [f"{part}: all {failed:,} without a score, and {count - failed:,} of the others, drawn with seed {SEED}."]


def _unread(report: Report, folder: Path, census: Census) -> list[str]:
    absent = [job.id for job in report.jobs if not samples_file(folder, job.id).is_file()]
    notes = [f"{job}: {count:,} lines of samples.jsonl are no samples." for job, count in census.unreadable.items()]
    return notes + ([f"No samples were written by {', '.join(absent)}."] if absent else [])
