"""Read what the runner wrote into Results and Samples; also from a job that was killed on the way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from adapters.toolbench.contract import (
    EVALUATOR_VERSION,
    METRICS_FILE,
    PREDICTIONS_FILE,
    StableDataset,
    StaticDataset,
)
from adapters.toolbench.figures import Written, caveat, figures_of, tally, way
from adapters.toolbench.translate import task_of
from hub.adapter import Evaluation, Normalized
from hub.errors import NormalizeError
from hub.files import open_untrusted
from hub.report import Counts, Result, ResultKey, Sample

_Dataset = StaticDataset | StableDataset
_ABSENT = "the job ended when {} of its items were done"
_NEVER = "the job never got to it"


def normalize(evaluation: Evaluation, output: Path, *, adapter_version: str) -> Normalized:
    """Return one result a data set, and the samples (read when iterated).

    Raises:
        NormalizeError: nothing at all was written, or a file is not what the runner writes.
    """
    task = task_of(evaluation)
    datasets: tuple[_Dataset, ...] = (*task.static, *task.stable)
    if not any((output / dataset.folder).is_dir() for dataset in datasets):
        raise NormalizeError("the ToolBench runner wrote nothing", hint="log.txt of the job says why")
    reader = _Reader(evaluation, output, adapter_version)
    return Normalized(tuple(map(reader.result, datasets)), _Samples(output, datasets))


@dataclass(frozen=True)
class _Samples:
    """The samples of every data set, read anew whenever they are iterated."""

    output: Path
    datasets: tuple[_Dataset, ...]

    def __iter__(self) -> Iterator[Sample]:
        for dataset in self.datasets:
            yield from _samples(self.output, dataset)


@dataclass(frozen=True)
class _Reader:
    """What is known about one evaluation's output."""

    evaluation: Evaluation
    output: Path
    adapter_version: str

    def result(self, dataset: _Dataset) -> Result:
        """Return what became of a data set."""
        found = _metrics(self.output / dataset.folder / METRICS_FILE)
        if found is None or found.absent:
            return self._unfinished(dataset, found.absent if found else "")
        place = f"{dataset.folder}/{METRICS_FILE}"
        metrics = figures_of(found.metrics, place)
        absent = "" if metrics else f"no item was answered: {self._first_error(dataset)}"
        counts = Counts(planned=found.planned, **found.states)
        return Result(
            dataset=dataset.label,
            key=self._key(dataset, found),
            counts=counts,
            metrics=tuple(metrics + tally(found, place, dataset)) if metrics else (),
            absent=absent,
            caveat=caveat(found, dataset) if metrics else "",
        )

    def _unfinished(self, dataset: _Dataset, reason: str) -> Result:
        done = Counter(sample.state.value for sample in _samples(self.output, dataset))
        ended = _ABSENT.format(done.total()) if done else _NEVER
        counts = Counts(planned=done.total(), **done)
        key = self._key(dataset, Written())
        return Result(dataset=dataset.label, key=key, counts=counts, absent=reason or ended)

    def _first_error(self, dataset: _Dataset) -> str:
        return next((sample.error for sample in _samples(self.output, dataset) if sample.error), "")

    def _key(self, dataset: _Dataset, found: Written) -> ResultKey:
        named = {request.label: request.name for request in self.evaluation.datasets}
        agent = dataset if isinstance(dataset, StableDataset) else None
        return ResultKey(
            benchmark=f"toolbench/{named[dataset.label]}",
            split="test",
            scoring=way(agent, found) if agent else "generate",
            prompt=found.prompt,
            data=found.data,
            limit=dataset.limit,
            generation=dict(dataset.generation),
            seed=self.evaluation.seed,
            model=self.evaluation.model.identity,
            simulator=self.evaluation.simulator if agent and agent.api == "simulate" else "",
            backend=self.evaluation.backend,
            backend_version=EVALUATOR_VERSION,
            adapter_version=self.adapter_version,
        )


def _metrics(file: Path) -> Written | None:
    """Return what metrics.json holds, fractions as their literal texts; None where there is none."""
    try:
        with TextIOWrapper(open_untrusted(file), encoding="utf-8", errors="replace") as text:
            content = json.loads(text.read(), parse_float=str)
        return Written.model_validate(content)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NormalizeError(f"{file.name} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise NormalizeError(f"{file.name} is not what the runner writes: {error}") from error


def _samples(output: Path, dataset: _Dataset) -> Iterator[Sample]:
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


def _sample(line: str, dataset: _Dataset, file: Path) -> Sample:
    try:
        entry: Any = json.loads(line)
        return Sample.model_validate({**entry, "dataset": dataset.label})
    except (ValueError, TypeError, RecursionError, ValidationError) as error:
        raise NormalizeError(f"{file.name} holds a line that is no sample: {line[:200]!r}") from error
