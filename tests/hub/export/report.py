"""A report with all that an export must cope with, and its samples."""

from __future__ import annotations

from collections.abc import Iterator

from hub.report import (
    Counts,
    JobReport,
    JobState,
    Metric,
    Raw,
    Report,
    Result,
    ResultKey,
    Sample,
    SampleState,
    Source,
)

LOCAL = "local:/secret/place/model sha256:00"
HUB = "modelscope:acme/tiny@v1 sha256:00"


def metric(name: str = "accuracy", value: float | None = 0.5, literal: str = "0.5") -> Metric:
    return Metric(
        name=name,
        raw=Raw(literal=literal, unit="fraction", maximum=1 if value is not None else None),
        value=value,
        stderr=0.1 if value is not None else None,
        ci95=(0.25, 0.75) if value is not None else None,
        source=Source(file="summary.json", key="a.b"),
    )


def result(dataset: str = "arc", subset: str | None = None, *metrics: Metric, model: str = HUB) -> Result:
    key = ResultKey(
        benchmark=dataset,
        subset=subset,
        split="test",
        few_shot=2,
        scoring="generate",
        limit=4,
        generation={"temperature": 0, "max_tokens": 8, "stop": ["\n"]},
        seed=42,
        model=model,
        backend="native",
        backend_version="1",
    )
    absent = "" if metrics else "no sample was scored"
    return Result(
        dataset=dataset, key=key, counts=Counts(planned=4, scored=2, infra_error=2), metrics=metrics, absent=absent
    )


def withheld(dataset: str = "arc") -> Result:
    """Return a result whose score the ledger did not bear out."""
    why = {"absent": "1 of its 4 requests failed", "backend_value": "61.5"}
    return result(dataset).model_copy(update=why)


def admitted(dataset: str = "arc") -> Result:
    """Return a result whose score has failed requests in it."""
    return result(dataset, None, metric()).model_copy(update={"caveat": "2 of 4 failed, counted as wrong"})


def average(name: str, *subsets: str) -> Result:
    """Return an average over some subsets of `arc`."""
    return result("arc", name, metric()).model_copy(update={"averages": subsets})


def sample(identity: str = "0", dataset: str = "arc", subset: str = "", **more: object) -> Sample:
    fields = {"prompt": "2 + 2?", "prediction": "It is 4", "answer": "4", "gold": "4", "scores": {"accuracy": 1.0}}
    return Sample.model_validate(
        {"id": identity, "dataset": dataset, "subset": subset, "state": SampleState.SCORED, **fields, **more}
    )


FAILED = {"state": SampleState.INFRA_ERROR, "scores": {}, "error": "time-out", "answer": None}


def report(*results: Result, reason: str = "") -> Report:
    job = JobReport(
        id="1-m-native",
        model="m",
        backend="native",
        via="in_job",
        state=JobState.PARTIAL if results else JobState.FAILED,
        isolation="container",
        started_at=1.0,
        ended_at=3.0,
        results=results,
        reason=reason,
    )
    return Report(
        evaldock_version="0",
        run_id="r",
        task="t",
        state="partial",
        started_at=1_700_000_000.0,
        ended_at=1_700_000_001.0,
        engine="docker",
        jobs=(job,),
    )


class Samples:
    """Reads the same samples as often as it is asked."""

    def __init__(self, *samples: Sample) -> None:
        self._samples = samples

    def __call__(self, job: str) -> Iterator[Sample]:
        assert job == "1-m-native"
        return iter(self._samples)
