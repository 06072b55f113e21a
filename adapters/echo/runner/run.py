"""The echo runner, inside the job: make words up, have them repeated, write samples and a summary."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from adapters.echo.runner.ask import remote, scored
from adapters.runtime import job
from adapters.runtime.ledger import Call, Ledger

Task = dict[str, Any]
Sample = dict[str, Any]


def main() -> int:
    """Run every data set of /job/input/task.json and return the exit code."""
    task: Task = json.loads((job.path(job.INPUT) / "task.json").read_text(encoding="utf-8"))
    for dataset in task["datasets"]:
        job.event("planned", dataset=dataset["label"], total=dataset["n"])
    codes = [_run(task, dataset) for dataset in task["datasets"]]
    return next((code for code in codes if code), 0)


def _run(task: Task, dataset: Task) -> int:
    folder = job.path(job.OUTPUT) / quote(dataset["label"], safe="")
    folder.mkdir(parents=True, exist_ok=True)
    stop = dataset["n"] if dataset["fail_at"] is None else min(dataset["fail_at"], dataset["n"])
    with (folder / "samples.jsonl").open("w", encoding="utf-8") as file:
        samples = _collect(task, dataset, stop, file)
    if stop < dataset["n"]:
        job.event("failed", reason=f"told to fail at sample {stop} of {dataset['label']!r}", hint="")
        return 1
    _write_summary(folder, dataset, samples)
    job.event("finished", dataset=dataset["label"])
    return int(dataset["exit_code"])


def _collect(task: Task, dataset: Task, stop: int, file: TextIO) -> list[Sample]:
    samples: list[Sample] = []
    errors = 0
    for sample in _answered(task, dataset, stop):
        samples.append(sample)
        errors += sample["state"] != "scored"
        file.write(json.dumps(sample, ensure_ascii=False, sort_keys=True) + "\n")
        file.flush()
        job.event("progress", dataset=dataset["label"], done=len(samples), total=dataset["n"], errors=errors)
    return samples


def _answered(task: Task, dataset: Task, stop: int) -> Iterator[Sample]:
    """Yield answered samples in their order, several in flight where a gateway answers them."""
    endpoint = task["via"] == "endpoint"
    asked = remote(dataset, task["request_timeout_s"]) if endpoint else _itself
    planned = (_planned(dataset["label"], task["seed"], index) for index in range(stop))

    def answer(sample: Sample) -> Sample:
        time.sleep(dataset["sleep_s"])
        started = time.monotonic()
        return {**asked(sample), "latency_s": round(time.monotonic() - started, 6)}

    if endpoint:
        with ThreadPoolExecutor(task["concurrency"]) as pool:
            yield from pool.map(answer, planned)
        return
    with Ledger(job.path(job.OUTPUT)) as ledger:
        for sample in map(answer, planned):
            ledger.add(_call(sample))
            yield sample


def _planned(label: str, seed: int, index: int) -> Sample:
    word = f"evaldock-{seed}-{index}"
    return {"id": str(index), "dataset": label, "prompt": f"Repeat this word exactly: {word}", "gold": word}


def _itself(sample: Sample) -> Sample:
    return scored(sample, sample["prompt"], {})


def _call(sample: Sample) -> Call:
    latency_s = sample["latency_s"]
    return Call(
        at=time.time() - latency_s,
        role="candidate",
        dataset=sample["dataset"],
        operation="chat/completions",
        sample=sample["id"],
        latency_ms=latency_s * 1000,
    )


def _write_summary(folder: Path, dataset: Task, samples: list[Sample]) -> None:
    scores = [sample["scores"]["accuracy"] for sample in samples if sample["state"] == "scored"]
    summary = {
        "dataset": dataset["label"],
        "n_planned": dataset["n"],
        "n_scored": len(scores),
        "accuracy": sum(scores) / len(scores) if scores else None,
    }
    (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
