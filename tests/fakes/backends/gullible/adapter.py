"""The host half of the gullible backend: believes every number that was printed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from hub.adapter import Asset, Complaint, DatasetInfo, DatasetRequest, Evaluation, Normalized
from hub.errors import NormalizeError
from hub.report import Counts, Metric, Raw, Result, ResultKey, Source

SAMPLES = 10
_WAYS = ("once", "thrice", "never", "judged")


class GullibleAdapter:
    """One data set for each way of asking; `limit` says how many questions it has."""

    name = "gullible"
    version = "1"
    modalities = ("text",)
    excludes_failures = False
    path_options = ()

    def uses_judge(self, evaluation: Evaluation) -> bool:
        return any(request.name == "judged" for request in evaluation.datasets)

    def datasets(self) -> Mapping[str, DatasetInfo]:
        return {
            name: DatasetInfo(name, "swallows failures", ("generate",), "accuracy", 0, "made up") for name in _WAYS
        }

    def complain(self, evaluation: Evaluation) -> tuple[Complaint, ...]:
        return ()

    def assets(self, evaluation: Evaluation) -> tuple[Asset, ...]:
        return ()

    def translate(self, evaluation: Evaluation) -> Mapping[str, str]:
        datasets = [
            {"label": request.label, "asks": request.name, "n": _planned(request)} for request in evaluation.datasets
        ]
        return {"task.json": json.dumps({"datasets": datasets}, indent=2) + "\n"}

    def command(self, evaluation: Evaluation) -> tuple[str, ...]:
        return ("python", "-m", "adapters.gullible.runner.run")

    def normalize(self, evaluation: Evaluation, output: Path) -> Normalized:
        return Normalized(tuple(_result(evaluation, request, output) for request in evaluation.datasets))


def _planned(request: DatasetRequest) -> int:
    return request.limit or SAMPLES


def _result(evaluation: Evaluation, request: DatasetRequest, output: Path) -> Result:
    file = output / f"{request.label}.json"
    if not file.is_file():
        raise NormalizeError(f"{file.name} is missing")
    literal = str(json.loads(file.read_text(), parse_float=str)["accuracy"])
    metric = Metric(
        name="accuracy",
        raw=Raw(literal=literal, unit="percent", maximum=100.0),
        value=float(literal) / 100,
        uncertainty_absent="made up",
        source=Source(file=file.name, key="accuracy"),
    )
    planned = _planned(request)
    key = ResultKey(benchmark=request.name, backend="gullible", model=evaluation.model.identity)
    counts = Counts(planned=planned, scored=planned)
    return Result(dataset=request.label, key=key, counts=counts, metrics=(metric,))


ADAPTER = GullibleAdapter()
