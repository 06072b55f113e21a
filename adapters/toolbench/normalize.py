"""Read what the runner wrote into Results and Samples; also from a job that was killed on the way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from adapters.toolbench.contract import EVALUATOR_VERSION, METRICS_FILE, PREDICTIONS_FILE, StaticDataset
from adapters.toolbench.translate import task_of
from hub.adapter import Evaluation, Normalized
from hub.errors import NormalizeError
from hub.files import open_untrusted
from hub.report import Counts, Metric, Raw, Result, ResultKey, Sample, Source

# The headline first; then as Eval-Scope lists them; then the stricter ones.
_ORDER = (
    *("action_em", "plan_em", "f1", "easy_f1", "hard_f1", "hallu_rate", "rouge_l"),
    *("action_em_strict", "plan_em_strict"),
)
_LOW_IS_GOOD = frozenset({"hallu_rate"})
_ABSENT = "the job ended when {} of its items were done"
_NEVER = "the job never got to it"


class _Figure(BaseModel):
    """A figure of metrics.json; `value` is its literal text."""

    value: str | None
    n: int
    absent: str
    stderr: float | None
    ci95: tuple[float, float] | None
    uncertainty_absent: str


class _Metrics(BaseModel):
    """metrics.json of a data set: `absent`, or all the others."""

    absent: str = ""
    data: str = ""
    planned: int = 0
    states: dict[str, int] = {}
    metrics: dict[str, _Figure] = {}
    counted: int = 0
    dropped: dict[str, int] = {}


def normalize(evaluation: Evaluation, output: Path, *, adapter_version: str) -> Normalized:
    """Return one result a data set, and the samples (read when iterated).

    Raises:
        NormalizeError: nothing at all was written, or a file is not what the runner writes.
    """
    datasets = task_of(evaluation).static
    if not any((output / dataset.folder).is_dir() for dataset in datasets):
        raise NormalizeError("the ToolBench runner wrote nothing", hint="log.txt of the job says why")
    reader = _Reader(evaluation, output, adapter_version)
    return Normalized(tuple(map(reader.result, datasets)), _Samples(output, datasets))


@dataclass(frozen=True)
class _Samples:
    """The samples of every data set, read anew whenever they are iterated."""

    output: Path
    datasets: tuple[StaticDataset, ...]

    def __iter__(self) -> Iterator[Sample]:
        for dataset in self.datasets:
            yield from _samples(self.output, dataset)


@dataclass(frozen=True)
class _Reader:
    """What is known about one evaluation's output."""

    evaluation: Evaluation
    output: Path
    adapter_version: str

    def result(self, dataset: StaticDataset) -> Result:
        """Return what became of a data set."""
        found = _metrics(self.output / dataset.folder / METRICS_FILE)
        if found is None or found.absent:
            return self._unfinished(dataset, found.absent if found else "")
        place = f"{dataset.folder}/{METRICS_FILE}"
        known = [(name, found.metrics[name]) for name in _ORDER if name in found.metrics]
        metrics = [_metric(name, figure, place) for name, figure in known if figure.value is not None]
        absent = "" if metrics else f"no item was answered: {self._first_error(dataset)}"
        counts = Counts(planned=found.planned, **found.states)
        return Result(
            dataset=dataset.label,
            key=self._key(dataset, found),
            counts=counts,
            metrics=tuple(metrics + _tally(found, place)) if metrics else (),
            absent=absent,
            caveat=_caveat(found) if metrics else "",
        )

    def _unfinished(self, dataset: StaticDataset, reason: str) -> Result:
        done = Counter(sample.state.value for sample in _samples(self.output, dataset))
        ended = _ABSENT.format(done.total()) if done else _NEVER
        counts = Counts(planned=done.total(), **done)
        key = self._key(dataset, _Metrics())
        return Result(dataset=dataset.label, key=key, counts=counts, absent=reason or ended)

    def _first_error(self, dataset: StaticDataset) -> str:
        return next((sample.error for sample in _samples(self.output, dataset) if sample.error), "")

    def _key(self, dataset: StaticDataset, found: _Metrics) -> ResultKey:
        named = {request.label: request.name for request in self.evaluation.datasets}
        return ResultKey(
            benchmark=f"toolbench/{named[dataset.label]}",
            split="test",
            scoring="generate",
            data=found.data,
            limit=dataset.limit,
            generation=dict(dataset.generation),
            seed=self.evaluation.seed,
            model=self.evaluation.model.identity,
            backend=self.evaluation.backend,
            backend_version=EVALUATOR_VERSION,
            adapter_version=self.adapter_version,
        )


def _metric(name: str, figure: _Figure, place: str) -> Metric:
    literal = figure.value or ""
    return Metric(
        name=name,
        raw=Raw(literal=literal, unit="fraction", maximum=1.0),
        value=float(literal),
        stderr=figure.stderr,
        ci95=figure.ci95,
        uncertainty_absent=figure.uncertainty_absent,
        higher_is_better=name not in _LOW_IS_GOOD,
        source=Source(file=place, key=f"metrics.{name}.value"),
    )


def _caveat(found: _Metrics) -> str:
    """Return what the figures must not be read without: how many of the items they are not of."""
    dropped = sum(found.dropped.values())
    return f"{dropped} of {found.counted + dropped} do not count by Eval-Scope's rules" if dropped else ""


def _tally(found: _Metrics, place: str) -> list[Metric]:
    """Return how many items count in Eval-Scope's figures, and how many do not."""
    dropped = sum(found.dropped.values())
    return [_count("counted", found.counted, place), _count("dropped", dropped, place, better=False)]


def _count(name: str, number: int, place: str, *, better: bool = True) -> Metric:
    return Metric(
        name=name,
        raw=Raw(literal=str(number), unit="count"),
        value=None,
        uncertainty_absent="a count",
        higher_is_better=better,
        source=Source(file=place, key=name),
    )


def _metrics(file: Path) -> _Metrics | None:
    """Return what metrics.json holds, fractions as their literal texts; None where there is none."""
    try:
        with TextIOWrapper(open_untrusted(file), encoding="utf-8", errors="replace") as text:
            content = json.loads(text.read(), parse_float=str)
        return _Metrics.model_validate(content)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NormalizeError(f"{file.name} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise NormalizeError(f"{file.name} is not what the runner writes: {error}") from error


def _samples(output: Path, dataset: StaticDataset) -> Iterator[Sample]:
    file = output / dataset.folder / PREDICTIONS_FILE
    try:
        lines = TextIOWrapper(open_untrusted(file), encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise NormalizeError(f"{file.name} cannot be read: {error.strerror or error}") from error
    with lines:
        for line in lines:
            if line.endswith("\n"):  # a job that was killed leaves half a line
                yield _sample(line, dataset, file)


def _sample(line: str, dataset: StaticDataset, file: Path) -> Sample:
    try:
        entry: Any = json.loads(line)
        return Sample.model_validate({**entry, "dataset": dataset.label})
    except (ValueError, TypeError, RecursionError, ValidationError) as error:
        raise NormalizeError(f"{file.name} holds a line that is no sample: {line[:200]!r}") from error
