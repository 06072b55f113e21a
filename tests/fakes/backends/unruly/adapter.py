"""The host half of the unruly backend: reads what was written, and says what was not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.adapter import Asset, Complaint, DatasetInfo, DatasetRequest, Evaluation, Normalized
from hub.errors import NormalizeError
from hub.report import Counts, Metric, Raw, Result, ResultKey, Sample, Source

SAMPLES = 4
_MISDEEDS = (
    *("well", "leave", "crash", "give_up", "hang", "deaf", "oom", "oom_child", "segfault", "shout"),
    *("babble", "daemon", "half_score", "pipe", "link", "confess"),
)


class UnrulyAdapter:
    """One data set for each misdeed; `limit` says how many samples it has."""

    name = "unruly"
    version = "1"
    modalities = ("text",)
    excludes_failures = False
    path_options = ()

    def uses_judge(self, evaluation: Evaluation) -> bool:
        return any(request.name == "confess" for request in evaluation.datasets)

    def datasets(self) -> Mapping[str, DatasetInfo]:
        return {
            name: DatasetInfo(name, "misbehaves as told", ("generate",), "accuracy", 0, "made up")
            for name in _MISDEEDS
        }

    def complain(self, evaluation: Evaluation) -> tuple[Complaint, ...]:
        return ()

    def assets(self, evaluation: Evaluation) -> tuple[Asset, ...]:
        return ()

    def translate(self, evaluation: Evaluation) -> Mapping[str, str]:
        datasets = [
            {"label": request.label, "does": request.name, "n": _planned(request)} for request in evaluation.datasets
        ]
        return {"task.json": json.dumps({"datasets": datasets}, indent=2) + "\n"}

    def command(self, evaluation: Evaluation) -> tuple[str, ...]:
        return ("python", "-m", "adapters.unruly.runner.run")

    def normalize(self, evaluation: Evaluation, output: Path) -> Normalized:
        found = {request.label: _read(output / request.label) for request in evaluation.datasets}
        if not any(samples for samples, _ in found.values()):
            raise NormalizeError("the unruly backend wrote nothing", hint="log.txt of the job says why")
        results = tuple(_result(evaluation, request, *found[request.label]) for request in evaluation.datasets)
        return Normalized(results, tuple(sample for samples, _ in found.values() for sample in samples))


def _planned(request: DatasetRequest) -> int:
    return request.limit or SAMPLES


def _read(folder: Path) -> tuple[tuple[Sample, ...], Any]:
    lines = folder / "samples.jsonl"
    texts = lines.read_text().splitlines() if lines.is_file() else []
    score = folder / "score.json"
    try:
        found = json.loads(score.read_text(), parse_float=str) if score.is_file() else None
    except ValueError as error:
        raise NormalizeError(f"{folder.name}/score.json is not what the backend writes: {error}") from error
    return tuple(Sample.model_validate_json(text) for text in texts), found


def _result(evaluation: Evaluation, request: DatasetRequest, samples: tuple[Sample, ...], score: Any) -> Result:
    key = ResultKey(benchmark=request.name, backend="unruly", model=evaluation.model.identity)
    planned = _planned(request)
    counts = Counts(planned=planned, scored=len(samples), skipped=planned - len(samples))
    if score is None:
        return Result(dataset=request.label, key=key, counts=counts, absent="the backend wrote no score")
    metric = Metric(
        name="accuracy",
        raw=Raw(literal=score["accuracy"], unit="fraction", maximum=1.0),
        value=float(score["accuracy"]),
        uncertainty_absent="made up",
        source=Source(file=f"{request.label}/score.json", key="accuracy"),
    )
    return Result(dataset=request.label, key=key, counts=counts, metrics=(metric,), backend_value=metric.raw.literal)


ADAPTER = UnrulyAdapter()
