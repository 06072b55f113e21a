"""Run folders as a finished run leaves them, made up: a report and its jobs' samples, of any size and malice."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hub.report import (
    Counts,
    EnvironmentRecord,
    JobReport,
    JobState,
    Metric,
    Raw,
    Report,
    Result,
    ResultKey,
    Source,
    run_state,
)
from tests.fakes.pictures import noise

ENVIRONMENT = EnvironmentRecord(
    engine="docker",
    image="native",
    reference="evaldock/native:1",
    digest="sha256:" + "ab" * 32,
    lock="sha256:" + "cd" * 32,
    base="debian:bookworm@sha256:" + "ef" * 32,
    python="3.11.9",
    torch="2.6.0",
)


def metric(value: float | None = 0.75, name: str = "accuracy", **fields: Any) -> Metric:
    """Return a metric with an interval of ten points to each side."""
    known = value is not None
    given = {
        "raw": Raw(literal=str(value), unit="fraction", maximum=1) if known else Raw(literal="7.5", unit="score"),
        "stderr": 0.05 if known else None,
        "ci95": (max(0.0, value - 0.1), min(1.0, value + 0.1)) if value is not None else None,
        "uncertainty_absent": "" if known else "it has no maximum",
        "source": Source(file="summary.json", key=f"metrics.{name}"),
    }  # fmt: skip
    return Metric(name=name, value=value, **{**given, **fields})


def result(
    dataset: str = "arc", *metrics: Metric, counts: Counts | None = None, absent: str = "", **key: Any
) -> Result:
    """Return a result; without metrics it needs `absent`."""
    benchmark = {
        "benchmark": dataset,
        "split": "test",
        "scoring": "generate",
        "prompt": "sha256:11",
        "data": "sha256:22",
    }
    return Result(
        dataset=dataset,
        key=ResultKey(**{**benchmark, **key}),
        counts=counts or Counts(planned=4, scored=4),
        metrics=metrics,
        absent=absent,
    )  # fmt: skip


def job(number: int = 1, *results: Result, model: str = "m", backend: str = "native", **fields: Any) -> JobReport:
    """Return a job's report, succeeded unless said otherwise."""
    given: dict[str, Any] = {"via": "endpoint", "state": JobState.SUCCEEDED, "isolation": "container"}
    return JobReport(
        id=f"{number}-{model}-{backend}",
        model=model,
        backend=backend,
        results=results,
        **{"environment": ENVIRONMENT, **given, **fields},
    )


def report(*jobs: JobReport, task: str = "t", **fields: Any) -> Report:
    """Return a report of these jobs."""
    given: dict[str, Any] = {"started_at": 1_760_000_000, "ended_at": 1_760_000_083, "engine": "docker"}
    state = run_state(tuple(part.state for part in jobs))
    return Report(
        evaldock_version="0.1.0",
        run_id="20251009T085320Z-t-0123abcd",
        task=task,
        state=state,
        jobs=jobs,
        **{**given, **fields},
    )


def sample(number: int = 0, **fields: Any) -> dict[str, Any]:
    """Return a line of samples.jsonl: a scored one of `arc` with a right answer."""
    right = {
        "dataset": "arc",
        "state": "scored",
        "prediction": "B",
        "answer": "B",
        "gold": "B",
        "scores": {"accuracy": 1.0},
    }
    prompt = [{"role": "user", "content": f"Question {number}: which letter follows A?"}]
    return {"id": f"default/{number}", **right, "prompt": prompt, **fields}  # fmt: skip


def write_run(folder: Path, made: Report, samples: dict[str, Iterable[dict[str, Any]]]) -> Path:
    """Write report.json and, per job id, samples.jsonl; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(made.model_dump_json(indent=2) + "\n")
    for name, lines in samples.items():
        write_samples(folder, name, lines)
    return folder


def write_samples(folder: Path, name: str, lines: Iterable[dict[str, Any]]) -> None:
    """Write a job's samples.jsonl into a run's folder."""
    (folder / "jobs" / name).mkdir(parents=True)
    with (folder / "jobs" / name / "samples.jsonl").open("w") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def large_run(folder: Path, count: int, *, pictures: int = 0) -> Report:
    """Write a run of one job with `count` samples of about 1.5 kB, some of every outcome.

    With `pictures` every sample has one of so many, each of about 12 kB: what a thumbnail takes.
    """
    states = {"infra_error": count // 100, "scored": count - count // 100}
    counts = Counts(planned=count, unparsed=count // 50, **states)
    value = metric(0.6, "exact_match")
    made = report(
        job(1, result("gsm8k", value, counts=counts), state=JobState.PARTIAL, reason="1 % failed"), task="large"
    )
    lines = _many(count)
    write_run(folder, made, {"1-m-native": _with_pictures(lines, pictures) if pictures else lines})
    if pictures:
        album = folder / "jobs" / "1-m-native" / "output" / "images"
        album.mkdir(parents=True)
        for number in range(pictures):
            (album / f"{number}.png").write_bytes(noise(12_000, number))
    return made


def _with_pictures(lines: Iterable[dict[str, Any]], pictures: int) -> Iterable[dict[str, Any]]:
    for number, line in enumerate(lines):
        system, asked = line["prompt"]
        image = {"type": "image", "path": f"images/{number % pictures}.png"}
        yield {**line, "prompt": [system, {**asked, "content": [image, {"type": "text", "text": asked["content"]}]}]}


def _many(count: int) -> Iterable[dict[str, Any]]:
    draw = random.Random(7)
    words = [f"word{index}" for index in range(3000)]
    for number in range(count):
        fields: dict[str, Any] = {
            "dataset": "gsm8k",
            "latency_s": draw.lognormvariate(0, 0.8),
            "tokens_in": draw.randrange(80, 400),
        }
        fields["prompt"] = [
            {"role": "system", "content": "Answer with a number."},
            {"role": "user", "content": f"Question {number}. " + " ".join(draw.choices(words, k=90))},
        ]
        fields["prediction"] = " ".join(draw.choices(words, k=70)) + f"\n#### {number}"
        fields["tokens_out"] = draw.randrange(20, 300)
        if number % 100 == 17:
            yield sample(
                number,
                **{
                    **fields,
                    "state": "infra_error",
                    "prediction": "",
                    "answer": None,
                    "scores": {},
                    "error": "HTTP 500",
                },
            )
        elif number % 50 == 3:
            yield sample(number, **{**fields, "answer": None, "scores": {"exact_match": 0.0}})
        else:
            score = (1.0, 1.0, 0.0, 0.5, 1.0)[number % 5]
            yield sample(
                number, **{**fields, "answer": str(number), "gold": str(number), "scores": {"exact_match": score}}
            )
