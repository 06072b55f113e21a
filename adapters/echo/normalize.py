"""Read what the echo runner wrote: a folder per data set with samples.jsonl and, at its end, summary.json."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from hub.adapter import DatasetRequest, Evaluation, Normalized
from hub.errors import NormalizeError
from hub.report import Counts, Metric, Raw, Result, ResultKey, Sample, SampleState, Source

_NO_UNCERTAINTY = "the words are made up: there is no population to infer to"
_STOPPED = "the runner stopped before it wrote summary.json"


class _Summary(BaseModel):
    accuracy: float | None


@dataclass(frozen=True)
class _Found:
    """What lies in one data set's folder."""

    summary: str | None
    samples: tuple[Sample, ...]


def read_output(evaluation: Evaluation, output: Path, planned: Mapping[str, int], adapter_version: str) -> Normalized:
    """Return one result per data set; `planned` is its number of samples by label.

    Raises:
        NormalizeError: nothing was written, or a file is not what the runner writes.
    """
    found = {request.label: _read(output / quote(request.label, safe="")) for request in evaluation.datasets}
    if not any(item.samples or item.summary for item in found.values()):
        raise NormalizeError(f"{output}: the echo runner wrote nothing", hint="log.txt of the job says why")
    results = []
    for request in evaluation.datasets:
        key = _key(evaluation, request, adapter_version)
        results.append(_result(request, key, planned[request.label], found[request.label]))
    return Normalized(tuple(results), tuple(sample for item in found.values() for sample in item.samples))


def _read(folder: Path) -> _Found:
    summary, samples = folder / "summary.json", folder / "samples.jsonl"
    text = summary.read_text(encoding="utf-8") if summary.is_file() else None
    lines = samples.read_text(encoding="utf-8").splitlines(keepends=True) if samples.is_file() else []
    # A runner that was killed leaves half a line; one that wrote its summary does not.
    whole = lines if text is not None else [line for line in lines if line.endswith("\n")]
    return _Found(text, tuple(_sample(line, samples) for line in whole))


def _sample(line: str, path: Path) -> Sample:
    try:
        return Sample.model_validate_json(line)
    except ValidationError as error:
        raise NormalizeError(f"{path}: not a sample: {line[:200]!r}") from error


def _result(request: DatasetRequest, key: ResultKey, planned: int, found: _Found) -> Result:
    counts = _counts(found.samples, planned)
    source = f"{quote(request.label, safe='')}/summary.json"
    if found.summary is None:
        return Result(dataset=request.label, key=key, counts=counts, absent=_STOPPED)
    metric = _metric(found.summary, source)
    if metric is None:
        return Result(dataset=request.label, key=key, counts=counts, absent="no sample was scored")
    return Result(dataset=request.label, key=key, counts=counts, metrics=(metric,), backend_value=metric.raw.literal)


def _metric(summary: str, source: str) -> Metric | None:
    try:
        value = _Summary.model_validate_json(summary).accuracy
    except ValidationError as error:
        raise NormalizeError(f"{source}: not the echo runner's summary: {error}") from error
    if value is None:
        return None
    literal = str(json.loads(summary, parse_float=str, parse_int=str)["accuracy"])
    return Metric(
        name="accuracy",
        raw=Raw(literal=literal, unit="fraction", maximum=1.0),
        value=value,
        uncertainty_absent=_NO_UNCERTAINTY,
        source=Source(file=source, key="accuracy"),
    )


def _counts(samples: tuple[Sample, ...], planned: int) -> Counts:
    states = Counter(sample.state for sample in samples)
    return Counts(
        planned=planned,
        scored=states[SampleState.SCORED],
        infra_error=states[SampleState.INFRA_ERROR],
        skipped=planned - len(samples) + states[SampleState.SKIPPED],
    )


def _key(evaluation: Evaluation, request: DatasetRequest, adapter_version: str) -> ResultKey:
    return ResultKey(
        benchmark=request.name,
        scoring="generate",
        limit=request.limit,
        generation=dict(request.generation),
        seed=evaluation.seed,
        model=evaluation.model.identity,
        backend=evaluation.backend,
        backend_version=adapter_version,
        adapter_version=adapter_version,
    )
