"""Every Eval Ever (evaleval), schema 0.3.0: one JSON for each job and its samples as JSONL, in its folders.

The schema has no place for a result without a number: those are named in `source_metadata.additional_details`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from hub.export.scored import (
    Named,
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

SCHEMA = "0.3.0"
_ARGUMENTS = ("temperature", "top_p", "top_k", "max_tokens")


def export(report: Report, read: ReadSamples, *, samples: bool) -> Files:
    """Return the files of every job that has a number."""
    files: dict[str, Iterable[str]] = {}
    for job in report.jobs:
        plain = _aggregate(job, report)
        if not plain["evaluation_results"]:
            continue
        if samples:
            name = f"{_path(job, report)}_samples.jsonl"
            plain["detailed_evaluation_results"] = {"format": "jsonl", "file_path": name, "hash_algorithm": "sha256"}
            files[name] = _sample_lines(read, job, report)
        files[f"{_path(job, report)}.json"] = json_file(plain)
    return files


def _path(job: JobReport, report: Report) -> str:
    """Return `data/<benchmark>/<developer>/<model>/<uuid>`, its place in the database; the UUID never changes."""
    developer, _, model = model_id(job).rpartition("/")
    digest = bytes.fromhex(sha256(report.run_id, "/", job.id))
    identity = uuid.UUID(bytes=digest[:16], version=4)
    return f"data/{slug(report.task)}/{slug(developer or 'unknown')}/{slug(model)}/{identity}"


def _aggregate(job: JobReport, report: Report) -> dict[str, Any]:
    numbered = ((named, metric) for named in named_results(job) for metric in named.result.metrics)
    results = [_result(named, metric, report) for named, metric in numbered if number_of(metric) is not None]
    versions = sorted({result.key.backend_version for result in job.results} - {""})
    return {
        "schema_version": SCHEMA,
        "evaluation_id": _evaluation_id(job, report),
        "evaluation_timestamp": str(report.started_at),
        "retrieved_timestamp": str(report.ended_at),
        "source_metadata": {
            "source_name": "evaldock",
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "other",
            "additional_details": _details(job, report),
        },
        "eval_library": {"name": job.backend, "version": ", ".join(versions) or "unknown"},
        "model_info": _model(job),
        "evaluation_results": results,
    }


def _evaluation_id(job: JobReport, report: Report) -> str:
    return f"{report.task}/{model_id(job)}/{report.ended_at}/{job.id}"


def _details(job: JobReport, report: Report) -> dict[str, str]:
    details = {
        "evaldock_version": report.evaldock_version,
        "run": report.run_id,
        "job": job.id,
        "state": job.state.value,
        "engine": report.engine,
        "isolation": str(job.isolation or ""),
    }
    named = (part for part in named_results(job) if not part.result.metrics)
    absent = {f"absent: {part.name}": part.result.absent for part in named}
    return {**details, **absent}


def _model(job: JobReport) -> dict[str, Any]:
    name = model_id(job)
    identity = next((result.key.model for result in job.results), "")
    details = {
        "identity": identity,
        "via": job.via,
        "deployment_type": "self_deployed" if job.via == "in_job" else "unknown",
        "model_availability": "open_weights" if identity.startswith(("modelscope:", "huggingface:")) else "unknown",
    }
    developer = {"developer": name.partition("/")[0]} if "/" in name else {}
    return {"name": job.model, "id": name, **developer, "additional_details": details}


def _result(named: Named, metric: Metric, report: Report) -> dict[str, Any]:
    result, key = named.result, named.result.key
    fingerprint = {"benchmark": key.benchmark, "subset": key.subset or "", "split": key.split, "data": key.data}
    return {
        "evaluation_result_id": f"{named.name}/{metric.name}",
        "evaluation_name": f"{named.name}/{metric.name}",
        "evaluation_timestamp": str(report.started_at),
        "source_data": {"dataset_name": result.dataset, "source_type": "other", "additional_details": fingerprint},
        "metric_config": _metric_config(metric),
        "score_details": _score(result, metric),
        "generation_config": _generation(result),
    }


def _metric_config(metric: Metric) -> dict[str, Any]:
    config: dict[str, Any] = {"evaluation_description": metric.name, "lower_is_better": not metric.higher_is_better}
    if metric.value is not None:
        config |= {"score_type": "continuous", "min_score": 0.0, "max_score": 1.0}
    return config


def _score(result: Result, metric: Metric) -> dict[str, Any]:
    uncertainty: dict[str, Any] = {"num_samples": result.counts.scored}
    if metric.stderr is not None:
        uncertainty["standard_error"] = {"value": metric.stderr}
    if metric.ci95 is not None:
        low, high = metric.ci95
        uncertainty["confidence_interval"] = {"lower": low, "upper": high, "confidence_level": 0.95}
    counts = {name: str(count) for name, count in result.counts.model_dump().items()}
    raw = {
        "raw": metric.raw.literal,
        "raw_unit": metric.raw.unit,
        "source": f"{metric.source.file}: {metric.source.key}",
    }
    caveat = {"caveat": result.caveat} if result.caveat else {}
    return {"score": number_of(metric), "details": {**counts, **raw, **caveat}, "uncertainty": uncertainty}


def _generation(result: Result) -> dict[str, Any]:
    key = result.key
    arguments = {name: key.generation[name] for name in _ARGUMENTS if name in key.generation}
    rest = {name: str(value) for name, value in key.generation.items() if name not in arguments}
    details = {
        "few_shot": "unknown" if key.few_shot is None else str(key.few_shot),
        "scoring": key.scoring,
        "prompt": key.prompt,
        "seed": str(key.seed),
        **rest,
    }
    if key.judge:
        details["judge"] = key.judge
    if key.gateway:
        details["gateway"] = json.dumps(key.gateway, ensure_ascii=False)
    if key.limit is not None:
        details["limit"] = str(key.limit)
    return {"generation_args": arguments, "additional_details": details}


def _sample_lines(read: ReadSamples, job: JobReport, report: Report) -> Iterator[str]:
    shared = {
        "schema_version": SCHEMA,
        "evaluation_id": _evaluation_id(job, report),
        "model_id": model_id(job),
    }
    for named in named_results(job):
        if named.result.metrics and has_own_samples(named.result, job):
            for sample in scored_samples(read(job.id), named.result):
                yield json_line({**shared, **_instance(sample, named)})


def _instance(sample: Sample, named: Named) -> dict[str, Any]:
    headline = named.result.metrics[0].name
    name = headline if headline in sample.scores else min(sample.scores)
    prompt, score = prompt_text(sample), sample.scores[name]
    instance: dict[str, Any] = {
        "evaluation_result_id": f"{named.name}/{headline}",
        "evaluation_name": f"{named.name}/{name}",
        "sample_id": sample.id,
        "sample_hash": sha256(prompt, sample.gold),
        "interaction_type": "single_turn",
        "input": {"raw": prompt, "reference": [sample.gold]},
        "output": {"raw": [sample.prediction]},
        "answer_attribution": []
        if sample.answer is None
        else [_attribution(sample.answer, named.result.key.scoring)],
        "evaluation": {"score": score, "is_correct": score == 1},
        "metadata": {"subset": sample.subset},
    }
    if sample.tokens_in is not None and sample.tokens_out is not None:
        total = sample.tokens_in + sample.tokens_out
        usage = {"input_tokens": sample.tokens_in, "output_tokens": sample.tokens_out, "total_tokens": total}
        instance["token_usage"] = usage
    if sample.latency_s is not None:
        instance["performance"] = {"latency_ms": sample.latency_s * 1000}
    return instance


def _attribution(answer: str, scoring: str) -> dict[str, Any]:
    return {
        "turn_idx": 0,
        "source": "output.raw",
        "extracted_value": answer,
        "extraction_method": scoring or "backend",
        "is_terminal": True,
    }
