"""Read what the evaluator wrote into Results and Samples; also from a job that was killed on the way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from pydantic import ValidationError

from adapters.native.catalog import benchmarks
from adapters.native.contract import EVALUATOR_VERSION, IDENTIFYING, SAMPLES_FOLDER, SUMMARY_FILE, NativeDataset
from adapters.native.translate import native_dataset
from hub.adapter import Evaluation, Normalized
from hub.errors import NormalizeError
from hub.files import open_untrusted
from hub.report import Counts, Metric, Raw, Result, ResultKey, Sample, Source


def normalize(evaluation: Evaluation, output: Path, *, adapter_version: str) -> Normalized:
    """Return the results of every data set of the evaluation, and its samples (read when iterated).

    Raises:
        NormalizeError: nothing at all was written, or a file is not what the evaluator writes.
    """
    samples = _Samples(output / SAMPLES_FOLDER)
    reader = _Reader(evaluation, _summary(output, samples), samples, _planned(output), adapter_version)
    datasets = [native_dataset(request, evaluation) for request in evaluation.datasets]
    try:
        results = tuple(result for dataset in datasets for result in reader.results(dataset))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"{SUMMARY_FILE} is not what the evaluator writes: {type(error).__name__}: {error}"
        raise NormalizeError(msg) from error
    return Normalized(results, samples)


@dataclass(frozen=True)
class _Samples:
    """The samples' files, read anew whenever they are iterated."""

    folder: Path

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("*.jsonl"))

    def __iter__(self) -> Iterator[Sample]:
        for file in self.files():
            yield from _read_samples(file)


@dataclass(frozen=True)
class _Reader:
    """What is known about one evaluation's output."""

    evaluation: Evaluation
    summary: Mapping[str, Any]
    samples: Iterable[Sample]
    planned: Mapping[str, int]
    adapter_version: str

    @cached_property
    def found(self) -> Mapping[str, Counter[str]]:
        """Return how many samples of each data set ended how; the files are read once, and only if this is asked."""
        found: dict[str, Counter[str]] = {}
        for sample in self.samples:
            counts = found.setdefault(sample.dataset, Counter())
            counts[sample.state.value] += 1
            counts["unparsed"] += sample.state.value == "scored" and sample.answer is None
        return found

    def results(self, dataset: NativeDataset) -> list[Result]:
        """Return the aggregate first, then every subset; one result without metrics where nothing was summed up."""
        entry = self.summary.get("datasets", {}).get(dataset.label)
        place = f"datasets.{dataset.label}"
        if entry is None:
            return [self._unfinished(dataset, "")]
        if not entry["subsets"]:
            return [self._unfinished(dataset, entry["absent"])]
        parts = [self._part(dataset.label, entry, name, f"{place}.subsets.{name}") for name in entry["subsets"]]
        whole = [self._part(dataset.label, entry, None, f"{place}.aggregate")] if entry["aggregate"] else []
        named = entry.get("categories", {})
        averages = [self._category(dataset.label, entry, name, f"{place}.categories.{name}") for name in named]
        return whole + averages + parts

    def _category(self, label: str, entry: Mapping[str, Any], name: str, place: str) -> Result:
        found = entry["categories"][name]
        only = {**entry, "subsets": {name: found}}
        return self._part(label, only, name, place).model_copy(update={"averages": tuple(found["subsets"])})

    def _part(self, label: str, entry: Mapping[str, Any], subset: str | None, place: str) -> Result:
        part = entry["aggregate"] if subset is None else entry["subsets"][subset]
        metrics = tuple(_metric(name, fields, place) for name, fields in part["metrics"].items())
        absent = "" if metrics else entry["absent"] or _why_nothing(part)
        key = self._key(entry, subset).model_copy(update={"prompt": part["prompt"], "data": part["data"]})
        return Result(dataset=label, key=key, counts=Counts(**part["counts"]), metrics=metrics, absent=absent)

    def _unfinished(self, dataset: NativeDataset, reason: str) -> Result:
        """Return the result of a data set that was not summed up: what its samples' file says, the rest skipped."""
        found = self.found.get(dataset.label, Counter())
        done = found.total() - found["unparsed"]
        planned = max(self.planned.get(dataset.label, 0), done)
        ended = f"the job ended when {done} of {planned} samples were done" if planned else "the job never got to it"
        counts = Counts(**found | {"planned": planned, "skipped": found["skipped"] + planned - done})
        key = self._key(_asked(dataset), None)
        return Result(dataset=dataset.label, key=key, counts=counts, absent=reason or ended)

    def _model(self) -> str:
        """Return who answered: the checkpoint, and what was put on it or in its place."""
        told = self.summary.get("model", {})
        added = [f"{name} {told[name]}" for name in IDENTIFYING if told.get(name)]
        return ", ".join([self.evaluation.model.identity, *added])

    def _key(self, entry: Mapping[str, Any], subset: str | None) -> ResultKey:
        evaluator = self.summary.get("versions", {}).get("evaluator", EVALUATOR_VERSION)
        return ResultKey(
            benchmark=entry["benchmark"],
            subset=subset,
            split=entry["split"],
            few_shot=entry["few_shot"],
            scoring=entry["scoring"],
            limit=entry["limit"],
            generation=_numbers(entry["generation"]),
            seed=self.evaluation.seed,
            model=self._model(),
            backend=self.evaluation.backend,
            backend_version=f"{evaluator}/{entry['benchmark']}-{entry['benchmark_version']}",
            adapter_version=self.adapter_version,
        )


def _metric(name: str, fields: Mapping[str, Any], place: str) -> Metric:
    ci95 = fields["ci95"]
    return Metric(
        name=name,
        higher_is_better=name != "not_attempted",
        raw=Raw(literal=fields["value"], unit="fraction", maximum=1.0),
        value=float(fields["value"]),
        stderr=None if fields["stderr"] is None else float(fields["stderr"]),
        ci95=None if ci95 is None else (float(ci95[0]), float(ci95[1])),
        uncertainty_absent=fields["uncertainty_absent"],
        source=Source(file=SUMMARY_FILE, key=f"{place}.metrics.{name}.value"),
    )


def _why_nothing(part: Mapping[str, Any]) -> str:
    errors = part["errors"]
    return f"no sample was scored, most often because: {errors[0]['reason']}" if errors else "no sample was scored"


def _asked(dataset: NativeDataset) -> Mapping[str, Any]:
    """Return how a data set was to be asked, where the summary does not say."""
    return {
        "benchmark": dataset.benchmark,
        "benchmark_version": benchmarks()[dataset.benchmark].version,
        "split": dataset.split,
        "few_shot": dataset.few_shot,
        "scoring": dataset.scoring,
        "limit": dataset.limit,
        "generation": dataset.drawing,
    }


def _numbers(generation: Mapping[str, Any]) -> dict[str, Any]:
    """Return generation parameters with the numbers that were kept as their literal text."""
    return {
        key: float(value) if isinstance(value, str) and key != "stop" else value for key, value in generation.items()
    }


def _summary(output: Path, samples: _Samples) -> Mapping[str, Any]:
    """Return summary.json with every fraction as its literal text."""
    try:
        with _opened(output / SUMMARY_FILE) as file:
            content = json.loads(file.read(), parse_float=str)
    except FileNotFoundError:
        if not samples.files():
            raise NormalizeError("the evaluator wrote nothing", hint="The job's log says why.") from None
        return {}
    except OSError as error:
        raise NormalizeError(f"{SUMMARY_FILE} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise NormalizeError(f"{SUMMARY_FILE} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise NormalizeError(f"{SUMMARY_FILE} is not what the evaluator writes: expected an object")
    return content


def _opened(file: Path) -> TextIO:
    return TextIOWrapper(open_untrusted(file), encoding="utf-8", errors="replace")


def _planned(output: Path) -> dict[str, int]:
    """Return how many samples each data set announced."""
    found: dict[str, int] = {}
    for event in _lines(output / "events.jsonl"):
        if event.get("event") == "planned" and isinstance(event.get("total"), int):
            found[str(event.get("dataset"))] = event["total"]
    return found


def _read_samples(file: Path) -> Iterator[Sample]:
    for entry in _lines(file):
        try:
            yield Sample.model_validate(entry)
        except ValidationError as error:  # noqa: PERF203 - the line must be named
            raise NormalizeError(f"{file.name} holds a line that is no sample: {error}") from error


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a jsonl file; a last line that a killed job left half written is left out."""
    try:
        lines = _opened(file)
    except FileNotFoundError:
        return
    except OSError as error:
        raise NormalizeError(f"{file.name} cannot be read: {error.strerror or error}") from error
    with lines:
        for line in lines:
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError) as error:
                if line.endswith("\n"):
                    raise NormalizeError(f"{file.name} holds a line that is not JSON: {error}") from error
                return
            if isinstance(entry, dict):
                yield entry
