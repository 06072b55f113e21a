"""The data block of the page: the chosen samples, packed, and what must be said of the ones that are not in it."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.render.html.pictures import Album
from hub.render.html.samples import FIELDS, SEED, Census, Limits, choose, rows
from hub.report import Report
from hub.samples import samples_file


@dataclass(frozen=True)
class Carried:
    """The samples in the page: how many of how many, what is said of the rest, the packed data, and pictures."""

    count: int
    total: int
    notes: list[str]
    packed: str
    pictures: list[str]


def carry(report: Report, folder: Path, census: Census, limits: Limits) -> Carried:
    """Choose samples and pack them; each job's samples.jsonl keeps all."""
    chosen = choose(census.places, limits)
    jobs = [{"id": job.id, "model": job.model, "backend": job.backend} for job in report.jobs]
    album = Album(folder, limits.pictures)
    album.take(found for place in chosen if (found := census.pictured.get((place.job, place.line))))
    notes = [*_left_out(len(chosen), sum(place.failed for place in chosen), census), *_unread(report, folder, census)]
    packed = pack({"fields": FIELDS, "jobs": jobs}, rows(report, folder, chosen, album, limits))
    return Carried(len(chosen), len(census.places), [*notes, *album.notes()], packed, album.lines)


def pack(head: dict[str, Any], rows: Iterable[list[Any]]) -> str:
    """Return `head` with its `rows` as JSON, compressed (zlib) and in base64: no HTML parser can take it for markup.

    Row by row, for the whole text may be larger than one likes to hold in memory.
    """
    squeeze = zlib.compressobj(6)
    parts = [squeeze.compress(_json(head).removesuffix(b"}") + b',"rows":[')]
    for number, row in enumerate(rows):
        parts.append(squeeze.compress((b"," if number else b"") + _json(row)))
    parts += [squeeze.compress(b"]}"), squeeze.flush()]
    return base64.b64encode(b"".join(parts)).decode("ascii")


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


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
