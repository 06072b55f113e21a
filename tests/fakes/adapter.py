"""A fake adapter for planning and execution: one data set, `pairs`, whose job writes done.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from hub.adapter import Asset, Complaint, DatasetInfo, Evaluation, Normalized
from hub.errors import NormalizeError
from hub.report import Counts, Metric, Raw, Result, ResultKey, Sample, SampleState, Source


class FakeAdapter:
    """`done.json` holds {"right": n, "wrong": n, "lost": n}; anything less is a NormalizeError."""

    name = "echo"
    version = "1"
    excludes_failures = True
    path_options = ("folder",)

    def __init__(self, modalities: tuple[str, ...] = ("text",)) -> None:
        self.modalities = modalities

    def uses_judge(self, evaluation: Evaluation) -> bool:
        return any(dataset.name == "pairs" for dataset in evaluation.datasets)

    def datasets(self) -> Mapping[str, DatasetInfo]:
        programs = DatasetInfo("programs", "programs", ("generate",), "pass@1", 0, "made up", runs_code=True)
        return {"pairs": DatasetInfo("pairs", "pairs", ("generate",), "accuracy", 0, "made up"), "programs": programs}

    def complain(self, evaluation: Evaluation) -> tuple[Complaint, ...]:
        bad = [index for index, dataset in enumerate(evaluation.datasets) if dataset.few_shot]
        cut = [dataset for dataset in evaluation.datasets if dataset.name == "programs" and dataset.limit_by_default]
        return (
            *(Complaint(("datasets", index, "few_shot"), "pairs has no shots") for index in bad),
            *(Complaint(("limit",), f"limit {part.limit} of programs", refuses=False) for part in cut if part.limit),
        )

    def assets(self, evaluation: Evaluation) -> tuple[Asset, ...]:
        own = [dataset for dataset in evaluation.datasets if dataset.path]
        return tuple(Asset("dataset", part.label, f"/data/{part.label}", "local", str(part.path)) for part in own)

    def translate(self, evaluation: Evaluation) -> Mapping[str, str]:
        limits = [dataset.limit for dataset in evaluation.datasets]
        return {"task.json": json.dumps({"limits": limits, "model": evaluation.model.path})}

    def command(self, evaluation: Evaluation) -> tuple[str, ...]:
        return ("python", "-m", "fake")

    def normalize(self, evaluation: Evaluation, output: Path) -> Normalized:
        try:
            text = (output / "done.json").read_text()
        except FileNotFoundError as error:
            raise NormalizeError("done.json is missing") from error
        done = json.loads(text)
        scored = done["right"] + done["wrong"]
        counts = Counts(planned=scored + done["lost"], scored=scored, infra_error=done["lost"])
        value = done["right"] / scored if scored else None
        metric = Metric(
            name="accuracy",
            raw=Raw(literal=str(value), unit="fraction", maximum=1),
            value=value,
            source=Source(file="done.json", key="right"),
        )
        key = ResultKey(benchmark="pairs", backend=self.name, model=evaluation.model.identity)
        result = Result(
            dataset="pairs",
            key=key,
            counts=counts,
            metrics=(metric,) if scored else (),
            absent="" if scored else "no sample was scored",
        )
        sample = Sample(id="0", dataset="pairs", state=SampleState.SCORED, prediction="<b>&\u202e")
        return Normalized((result,), (sample,))
