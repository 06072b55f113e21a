"""lm-eval 0.4's files: `results_<time>.json` and `samples_<task>_<time>.jsonl`, one folder for each job.

What has no place there (jobs and results without a score, samples that failed) is named under the key `evaldock`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from hub.export.scored import (
    has_own_samples,
    json_file,
    json_line,
    model_id,
    named_results,
    number_of,
    prompt_text,
    scored_samples,
    sha256,
)
from hub.report import JobReport, Metric, Report, Result, Sample
from hub.text import slug

if TYPE_CHECKING:
    from hub.export import Files, ReadSamples

_FILTER = "none"
_OUTPUT = {"choice": "multiple_choice", "continuation": "multiple_choice", "generate": "generate_until"}
# Names that lm-eval has for the same numbers.
_METRICS = {"accuracy": "acc"}


def export(report: Report, read: ReadSamples, *, samples: bool) -> Files:
    """Return the files of every job."""
    stamp = datetime.fromtimestamp(report.ended_at, tz=timezone.utc).strftime("%Y-%m-%dT%H-%M-%S.%f")
    files: dict[str, Iterable[str]] = {}
    for job in report.jobs:
        files[f"{job.id}/results_{stamp}.json"] = json_file(_results(job, report))
        for named in named_results(job) if samples else ():
            if named.result.metrics and has_own_samples(named.result, job):
                lines = _sample_lines(read, job.id, named.result)
                files[f"{job.id}/samples_{named.file}_{stamp}.jsonl"] = lines
    return files


def _results(job: JobReport, report: Report) -> dict[str, Any]:
    name = model_id(job)
    key = job.results[0].key if job.results else None
    return {
        **_by_task({named.name: named.result for named in named_results(job) if named.result.metrics}, job),
        "config": {
            "model": "local-chat-completions" if job.via == "endpoint" else "hf",
            "model_args": f"pretrained={key.model}" if key else "",
            "limit": key.limit if key else None,
            "random_seed": key.seed if key else None,
        },
        "git_hash": None,
        "date": report.started_at,
        "model_source": job.via,
        "model_name": name,
        "model_name_sanitized": slug(name.replace("/", "__")),
        "start_time": job.started_at,
        "end_time": job.ended_at,
        "total_evaluation_time_seconds": str((job.ended_at or 0) - (job.started_at or 0)),
        "evaldock": _ours(job, report),
    }


def _by_task(scored: Mapping[str, Result], job: JobReport) -> dict[str, Any]:
    """Return lm-eval's tables, each by task."""
    return {
        "results": {task: _scores(task, result) for task, result in scored.items()},
        "group_subtasks": {task: _subtasks(result, job) for task, result in scored.items()},
        "configs": {task: _config(task, result) for task, result in scored.items()},
        "versions": {task: result.key.backend_version for task, result in scored.items()},
        "n-shot": {task: result.key.few_shot for task, result in scored.items()},
        "higher_is_better": {
            task: {_name(metric): metric.higher_is_better for metric in result.metrics}
            for task, result in scored.items()
        },
        "n-samples": {
            task: {"original": result.counts.planned, "effective": result.counts.scored}
            for task, result in scored.items()
        },
        "task_hashes": {task: result.key.data for task, result in scored.items()},
    }


def _scores(task: str, result: Result) -> dict[str, Any]:
    """Return `<metric>,<filter>` and its standard error; a score without a maximum is the source's own number."""
    scores: dict[str, Any] = {"alias": task}
    for metric in result.metrics:
        name, number = _name(metric), number_of(metric)
        scores[f"{name},{_FILTER}"] = metric.raw.literal if number is None else number
        scores[f"{name}_stderr,{_FILTER}"] = "N/A" if metric.stderr is None else metric.stderr
    return scores


def _name(metric: Metric) -> str:
    return _METRICS.get(metric.name, metric.name)


def _subtasks(result: Result, job: JobReport) -> list[str]:
    """Return the tasks that a result sums up."""
    if result.key.subset is not None and not result.averages:
        return []
    others = (named for named in named_results(job) if named.result.dataset == result.dataset)
    own = (named for named in others if named.result.key.subset is not None and not named.result.averages)
    return [named.name for named in own if named.result.key.subset in (result.averages or {named.result.key.subset})]


def _config(task: str, result: Result) -> dict[str, Any]:
    key = result.key
    return {
        "task": task,
        "dataset_path": key.benchmark,
        "dataset_name": key.subset,
        "test_split": key.split,
        "num_fewshot": key.few_shot,
        "output_type": _OUTPUT.get(key.scoring, key.scoring),
        "generation_kwargs": key.generation,
        "metric_list": [
            {"metric": _name(metric), "aggregation": "mean", "higher_is_better": metric.higher_is_better}
            for metric in result.metrics
        ],
        "repeats": 1,
        "metadata": {
            "version": key.backend_version,
            "backend": key.backend,
            "prompt": key.prompt,
            "data": key.data,
            "gateway": key.gateway,
        },
    }


def _ours(job: JobReport, report: Report) -> dict[str, Any]:
    return {
        "version": report.evaldock_version,
        "run": report.run_id,
        "job": job.id,
        "state": job.state.value,
        "reason": job.reason,
        "isolation": job.isolation,
        "absent": {named.name: named.result.absent for named in named_results(job) if not named.result.metrics},
        "caveats": {named.name: named.result.caveat for named in named_results(job) if named.result.caveat},
        "counts": {named.name: named.result.counts.model_dump() for named in named_results(job)},
    }


def _sample_lines(read: ReadSamples, job: str, result: Result) -> Iterator[str]:
    for number, sample in enumerate(scored_samples(read(job), result)):
        yield json_line(_sample(number, sample))


def _sample(number: int, sample: Sample) -> dict[str, Any]:
    prompt = prompt_text(sample)
    doc = {"id": sample.id, "subset": sample.subset}
    scores = {_METRICS.get(name, name): score for name, score in sample.scores.items()}
    return {
        "doc_id": number,
        "doc": doc,
        "target": sample.gold,
        "arguments": {"gen_args_0": {"arg_0": prompt, "arg_1": {}}},
        "resps": [[sample.prediction]],
        "filtered_resps": [sample.prediction if sample.answer is None else sample.answer],
        "filter": _FILTER,
        "metrics": sorted(scores),
        "doc_hash": sha256(sample.id),
        "prompt_hash": sha256(prompt),
        "target_hash": sha256(sample.gold),
        **scores,
    }
