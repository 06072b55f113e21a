"""The benchmarks that Native knows, read from their YAML files; both halves of the backend import it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

import yaml

EVALUATOR = Path(__file__).parent / "evaluator"

WayName = Literal["choice", "continuation", "generate"]
Kind = Literal["multiple_choice", "number", "text", "code"]
Extraction = Literal["letter", "number", "text", "code"]
WAYS: tuple[WayName, ...] = get_args(WayName)


@dataclass(frozen=True)
class Way:
    """One way to score a benchmark: Jinja templates and what is measured.

    Attributes:
        metrics: names; the first is the headline.
        question, answer: the raw text of a question, and of its answer in a few-shot block or as a continuation.
        user, assistant: the same as chat turns; used where the model has a chat template.
        extract: what is read out of a generated answer; None where nothing is generated.
        stop: where generation of raw text stops (a chat turn ends by itself).
    """

    metrics: tuple[str, ...]
    question: str
    answer: str
    user: str = ""
    assistant: str = ""
    extract: Extraction | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """A data set's repository at one hub."""

    id: str
    revision: str


@dataclass(frozen=True)
class Benchmark:
    """One benchmark, as its file says.

    Attributes:
        version: rises when data, prompt, scoring or aggregation changes.
        sources: hub -> repository; empty where the data are always the user's own.
        files: patterns of the repository's files that are needed.
        subsets: every subset; empty where the data decide.
        columns: role -> names under which a column of that role is looked for, in order.
    """

    name: str
    version: int
    summary: str
    kind: Kind
    ways: Mapping[WayName, Way]
    default_way: WayName
    split: str
    columns: Mapping[str, tuple[str, ...]]
    few_shot: int = 0
    few_shot_split: str = ""
    sources: Mapping[str, Source] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    subsets: tuple[str, ...] = ()
    default_subsets: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    generation: Mapping[str, Any] = field(default_factory=dict)

    @property
    def own_data(self) -> bool:
        """Return whether the data are always the user's own."""
        return not self.sources


@cache
def benchmarks() -> Mapping[str, Benchmark]:
    """Return every benchmark by name; the file's name is the benchmark's."""
    paths = sorted((EVALUATOR / "benchmarks").glob("*.yaml"))
    return {path.stem: _benchmark(path.stem, _read(path)) for path in paths}


def _read(path: Path) -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load(path.read_text(encoding="utf-8")))


def _benchmark(name: str, entry: dict[str, Any]) -> Benchmark:
    ways = entry.pop("ways")
    if isinstance(ways, str):
        ways = _read(EVALUATOR / "prompts" / f"{ways}.yaml")
    sources = entry.pop("sources", {})
    columns = entry.pop("columns")
    return Benchmark(
        name=name,
        ways={way: Way(**_frozen(fields)) for way, fields in ways.items()},
        sources={hub: Source(**fields) for hub, fields in sources.items()},
        columns={role: tuple(names) for role, names in columns.items()},
        **_frozen(entry),
    )


def _frozen(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
