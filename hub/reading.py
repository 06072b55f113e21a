"""What an ended job left in its folder, read and kept: why it ended, its results, its samples."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from hub.adapter import Adapter, Evaluation, Normalized
from hub.errors import NormalizeError
from hub.files import odd_file, write_atomic
from hub.job import Ending, JobOutcome
from hub.jobevents import failure
from hub.report import Result, SampleState
from hub.text import count_of

OUTPUT = "output"
FIRST = "first"  # what the first start of a job left that was started again
EVENTS = "events.jsonl"  # in it
_OUTCOME = "outcome.json"


def write_outcome(folder: Path, outcome: JobOutcome) -> None:
    """Write outcome.json."""
    write_atomic(folder / _OUTCOME, json.dumps(asdict(outcome), indent=2) + "\n")


def read_outcome(folder: Path) -> JobOutcome | None:
    """Return what outcome.json says; None where there is none that can be read."""
    try:
        found = json.loads((folder / _OUTCOME).read_text(encoding="utf-8"))
        return JobOutcome(**{**found, "ending": Ending(found["ending"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def reason_of(outcome: JobOutcome, folder: Path) -> str:
    """Prefer what the runner said of itself over how its process ended, unless something ended it from outside."""
    if outcome.ending is Ending.SUCCEEDED:
        return ""
    said = failure(folder / OUTPUT / EVENTS)
    if said and outcome.ending is Ending.FAILED:
        return _sentences(said)
    return outcome.reason or f"ended: {outcome.ending.value}"


def read_output(evaluation: Evaluation, adapter: Adapter, output: Path) -> Normalized:
    """Return what the backend wrote; nothing that a job may have put there to lead or block us is opened.

    Raises:
        NormalizeError: it is not what the backend writes. Adapters can trip over what nobody foresaw, too.
    """
    if odd := odd_file(output):
        raise NormalizeError(
            f"the job left {odd.name!r} in its output, which is neither a file nor a link to one there"
        )
    return adapter.normalize(evaluation, output)


def keep(normalized: Normalized, folder: Path) -> dict[str, str]:
    """Write samples.jsonl and results.json; return, by data set, why a judge most often gave no verdict."""
    unjudged: dict[str, Counter[str]] = {}
    with (folder / "samples.jsonl").open("w", encoding="utf-8") as file:
        for sample in normalized.samples:
            file.write(sample.model_dump_json(exclude_defaults=True) + "\n")
            if sample.state is SampleState.JUDGE_FALLBACK and sample.error:
                unjudged.setdefault(sample.dataset, Counter())[sample.error] += 1
    rows = [result.model_dump(mode="json") for result in normalized.results]
    write_atomic(folder / "results.json", json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    return {name: max(found, key=lambda error: (found[error], error)) for name, found in unjudged.items()}


def first_gap(results: tuple[Result, ...], unjudged: Mapping[str, str]) -> str:
    """Return what the first result lacks that is not whole; `unjudged`: why there was no verdict, by data set."""
    for result in results:
        if result.absent:
            return f"{result.dataset}: {result.absent}"
        counts = result.counts
        if not counts.complete:
            planned = count_of(counts.planned, "sample") if counts.planned else "an unknown number"
            if counts.judge_fallback and counts.scored + counts.judge_fallback == counts.planned:
                why = f", most often because: {unjudged[result.dataset]}" if result.dataset in unjudged else ""
                return f"{result.dataset}: {counts.judge_fallback} of {planned} without the judge's verdict{why}"
            return f"{result.dataset}: {counts.scored} of {planned} scored"
    return "the backend wrote no result"


def _sentences(parts: Iterable[str]) -> str:
    """Return reason and hint as sentences, whether or not they came with a mark and a capital of their own."""
    return ". ".join(
        part[0].upper() + part[1:] if index else part
        for index, part in enumerate(part.strip().rstrip(".") for part in parts if part.strip(" ."))
    )
