"""The benchmarks that Native knows, read from their YAML files; both halves of the backend import it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

import yaml

from adapters.native.names import suggestion

# libyaml's, nine times as fast, where PyYAML was built with it; both are safe.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
EVALUATOR = Path(__file__).parent / "evaluator"

WayName = Literal["choice", "continuation", "generate"]
Kind = Literal["multiple_choice", "number", "text", "maths", "instructions", "code"]
Extraction = Literal["letter", "number", "text", "answer", "maths", "code", "verdict"]
WAYS: tuple[WayName, ...] = get_args(WayName)


# What columns are called where a benchmark's file does not say.
_COLUMNS: dict[str, Any] = {
    "id": ["id"],
    "question": ["question", "query"],
    "choices": ["choices", "options"],
    "answer": ["answer", "answerKey"],
    "split": ["split"],
}


class BenchmarkError(ValueError):
    """A benchmark's file is not what the guide says."""


@dataclass(frozen=True)
class Way:
    """One way to score a benchmark: Jinja templates and what is measured.

    Attributes:
        metrics: names; the first is the headline.
        lead: stands once in front of raw text, examples included; templates of chat turns know it as `lead`.
        question, answer: the raw text of a question, and of its answer in a few-shot block or as a continuation.
        user, assistant: the same as chat turns; used where the model has a chat template.
        extract: what is read out of a generated answer; None where nothing is generated. `verdict`: the task's judge
            grades the answer as a whole.
        stop: where generation of raw text stops (a chat turn ends by itself).
        rest: what follows the option, where it is this whose likelihood counts, given the option.
    """

    metrics: tuple[str, ...]
    question: str
    answer: str
    user: str = ""
    assistant: str = ""
    extract: Extraction | None = None
    stop: tuple[str, ...] = ()
    lead: str = ""
    rest: str = ""


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
        compose: role -> template over the row's columns, for what the data spread over several.
        shape: name of the function in `shapes` that turns a published row into a plain one.
        header: the columns of a CSV file that names none itself.
        shuffle: whether the data have the right option always at the same place; the question decides the order.
        topics: subset -> what prompts call it; the subset's name with blanks for underscores where there is none.
        categories: category -> its subsets; each category is summed up, too.
        examples: the folder (or file) in `examples/` with the worked examples that belong to the benchmark.
        judged: the way `generate` where the task's judge grades the answers; a file gives what differs of it.
        prefers_judge: whether that is done wherever the task has a judge; else only where `options` say so.
        option_count: how many options a question has, as a rule; for what a run on an endpoint is expected to ask.
        paper, licence, rows: shown by `evaldock list datasets`; left out where not known for certain.
    """

    name: str
    version: int
    summary: str
    kind: Kind
    ways: Mapping[WayName, Way]
    default_way: WayName
    columns: Mapping[str, tuple[str, ...]]
    split: str = "test"
    few_shot: int = 0
    few_shot_split: str = ""
    sources: Mapping[str, Source] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    subsets: tuple[str, ...] = ()
    default_subsets: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    generation: Mapping[str, Any] = field(default_factory=dict)
    compose: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    shape: str = ""
    header: tuple[str, ...] = ()
    shuffle: bool = False
    topics: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    examples: str = ""
    judged: Way | None = None
    prefers_judge: bool = False
    paper: str = ""
    licence: str = ""
    rows: int | None = None
    option_count: int | None = None

    @property
    def own_data(self) -> bool:
        """Return whether the data are always the user's own."""
        return not self.sources

    def topic(self, subset: str) -> str:
        """Return what prompts call a subset."""
        return self.topics.get(subset, subset.replace("_", " "))


@cache
def benchmarks() -> Mapping[str, Benchmark]:
    """Return every benchmark by name; the file's name is the benchmark's."""
    paths = sorted((EVALUATOR / "benchmarks").glob("*.yaml"))
    return {path.stem: _benchmark(path.stem, _read(path)) for path in paths}


def _read(path: Path) -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER))  # noqa: S506 - safe


def _benchmark(name: str, entry: dict[str, Any]) -> Benchmark:
    _check(name, entry)
    lead = entry.pop("lead", "")
    ways = _ways(entry.pop("ways"), lead)
    judged = entry.pop("judged", None)
    categories = {category: tuple(subsets) for category, subsets in entry.pop("categories", {}).items()}
    sources = {hub: Source(**given) for hub, given in entry.pop("sources", {}).items()}
    if "subsets" not in entry:
        listed = [subset for subsets in categories.values() for subset in subsets]
        entry["subsets"] = listed or (["default"] if sources else [])
    return Benchmark(
        name=name,
        ways=ways,
        default_way=entry.pop("default_way", next(iter(ways))),
        sources=sources,
        columns=_frozen(entry.pop("columns", _COLUMNS)),
        compose=_frozen(entry.pop("compose", {})),
        categories=categories,
        judged=None if judged is None else _judged(name, ways, judged),
        **_frozen(entry),
    )


def _judged(name: str, ways: Mapping[WayName, Way], given: dict[str, Any]) -> Way:
    """Return the way of answers that a judge grades: `generate`, with what the file says otherwise."""
    if "generate" not in ways:
        raise BenchmarkError(f"benchmarks/{name}.yaml: 'judged' needs the way 'generate'")
    return replace(ways["generate"], extract="verdict", **_frozen(given))


def _check(name: str, entry: dict[str, Any]) -> None:
    """Refuse a file with a key that nothing reads, or without one that everything needs."""
    known = {each.name for each in fields(Benchmark)} - {"name"} | {"lead"}
    for key in sorted(set(entry) - known):
        raise BenchmarkError(f"benchmarks/{name}.yaml: unknown key {key!r}{suggestion(key, known)}")
    for key in ("version", "summary", "kind", "ways"):
        if key not in entry:
            raise BenchmarkError(f"benchmarks/{name}.yaml: the key {key!r} is missing")
    kind, kinds = str(entry["kind"]), get_args(Kind)
    if kind not in kinds:
        raise BenchmarkError(f"benchmarks/{name}.yaml: no kind {kind!r}{suggestion(kind, kinds)}")


def _ways(given: str | dict[str, Any], lead: str) -> dict[WayName, Way]:
    """Return the ways of a file: those of `base` in prompts/, with what the file says otherwise; null: without it."""
    own: dict[str, Any] = {"base": given} if isinstance(given, str) else dict(given)
    base = own.pop("base", "")
    found = _read(EVALUATOR / "prompts" / f"{base}.yaml") if base else {}
    kept = {name: fields for name, fields in (found | own).items() if fields is not None}
    merged = {name: found.get(name, {}) | fields for name, fields in kept.items()}
    return {cast("WayName", name): Way(**{"lead": lead} | _frozen(fields)) for name, fields in merged.items()}


def _frozen(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
