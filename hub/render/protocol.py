"""Differences of protocol: which fields of a result's key keep two numbers of one benchmark from being compared."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from hub.render.groups import Entry, Group
from hub.report import JobReport

# What a reader calls each field, in the order of the table. The model is what is compared, so it is not here.
FIELDS = {
    "backend": "backend",
    "backend_version": "version of the backend",
    "adapter_version": "version of the adapter",
    "split": "split",
    "few_shot": "shots",
    "scoring": "way of scoring",
    "judge": "judge",
    "simulator": "simulator",
    "prompt": "prompt (fingerprint)",
    "data": "data (fingerprint)",
    "limit": "rows per subset",
    "seed": "seed",
}
_MINOR = {"adapter_version", "seed"}
_FINGERPRINTS = {"prompt", "data"}


class Difference(NamedTuple):
    """One field that differs, and its value in each column."""

    field: str
    values: list[str]
    minor: bool


class Comparison(NamedTuple):
    """One benchmark that was run more than once."""

    title: str
    columns: list[str]
    differences: list[Difference]
    unknown: list[str]

    @property
    def comparable(self) -> bool:
        """Return whether nothing that matters is known to differ."""
        return all(difference.minor for difference in self.differences)

    @property
    def reasons(self) -> str:
        """Return the fields that forbid a comparison, or else those that differ at all."""
        grave = [difference.field for difference in self.differences if not difference.minor]
        return ", ".join(grave or [difference.field for difference in self.differences])


def compare(group: Group) -> Comparison | None:
    """Return how a benchmark's results differ in protocol, None where fewer than two have a number."""
    entries = [entry for entry in group.wholes if entry.result.metrics]
    if len(entries) < 2:
        return None
    found = [*_fields(entries), *_generation(entries), _on_the_way(entries), *_coverage(entries), *_reading(entries)]
    different = [difference for difference in found if len(set(difference.values)) > 1]
    unknown = [FIELDS[name] for name in sorted(_FINGERPRINTS) if not any(_value(entry, name) for entry in entries)]
    return Comparison(group.title, [entry.label for entry in entries], different, unknown)


def _fields(entries: list[Entry]) -> list[Difference]:
    return [
        Difference(words, [_shown(name, _value(entry, name)) for entry in entries], name in _MINOR)
        for name, words in FIELDS.items()
    ]


def _value(entry: Entry, name: str) -> object:
    return getattr(entry.result.key, name)


def _shown(name: str, value: object) -> str:
    if value is None:
        return {"limit": "all", "few_shot": "not known"}.get(name, "not set")
    return str(value) or ("none" if name in {"judge", "simulator"} else "not known")


def _generation(entries: list[Entry]) -> list[Difference]:
    """Return one difference per generation parameter; scoring without generation has none to compare."""
    names = sorted({name for entry in entries for name in entry.result.key.generation})
    rows = []
    for name in names:
        values = [entry.result.key.generation.get(name) for entry in entries]
        shown = ["not set" if value is None else json.dumps(value, ensure_ascii=False) for value in values]
        rows.append(Difference(f"generation: {name}", shown, minor=False))
    return rows


def changes_of(job: JobReport) -> list[str]:
    """Return what the gateway changed for a job, each way once."""
    shown = (show_changes(result.key.gateway) for result in job.results)
    return [change for change in dict.fromkeys(shown) if change]


def _on_the_way(entries: list[Entry]) -> Difference:
    values = [show_changes(entry.result.key.gateway) or "nothing" for entry in entries]
    return Difference("changes on the way", values, minor=False)


def show_changes(gateway: tuple[dict[str, Any], ...]) -> str:
    """Return what the gateway changed, in order; empty where it changed nothing."""
    changes = (f"{kind} {json.dumps(value, ensure_ascii=False)}" for part in gateway for kind, value in part.items())
    return "; ".join(changes)


def _reading(entries: list[Entry]) -> list[Difference]:
    """Return how answers became a number: by which metric, and how many told nothing, perhaps the model's doing."""
    metrics = [entry.result.metrics[0].name for entry in entries]
    unread = [f"{entry.result.counts.unparsed:,}" for entry in entries]
    return [
        Difference("metric", metrics, minor=False),
        Difference("answers without an extracted one", unread, minor=True),
    ]


def _coverage(entries: list[Entry]) -> list[Difference]:
    counts = [entry.result.counts for entry in entries]
    return [Difference("samples scored", [f"{part.scored:,} of {part.planned:,}" for part in counts], minor=False)]
