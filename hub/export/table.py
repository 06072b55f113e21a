"""CSV: a row for every metric, and for everything that has none, with the reason; or a row for every sample."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from hub.report import JobReport, Metric, Report, Result, Sample

if TYPE_CHECKING:
    from hub.export import Files, ReadSamples

_KEY = ("benchmark", "subset", "split", "few_shot", "scoring", "limit")
_COUNTS = ("planned", "scored", "model_error", "infra_error", "judge_fallback", "skipped", "unparsed")
_IDENTITY = ("seed", "generation", "gateway", "prompt", "data", "backend_version", "adapter_version")
_RESULTS = (
    *("run", "job", "state", "model", "backend", "isolation", "dataset", *_KEY),
    *("metric", "value", "stderr", "ci95_low", "ci95_high", "raw", "unit", "maximum", "higher_is_better"),
    *(*_COUNTS, "backend_value", "caveat", "reason", "model_identity", *_IDENTITY),
)
_SAMPLES = (
    *("run", "job", "model", "backend", "dataset", "subset", "id", "state"),
    *("prompt", "prediction", "answer", "gold", "scores", "error", "latency_s", "tokens_in", "tokens_out"),
)


def export(report: Report, read: ReadSamples, *, samples: bool) -> Files:
    """Return one table: of samples, or of results."""
    if samples:
        return {"samples.csv": _table(_SAMPLES, _sample_rows(report, read))}
    return {"results.csv": _table(_RESULTS, _result_rows(report))}


def _table(columns: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator="\n")
    writer.writeheader()
    yield buffer.getvalue()
    for row in rows:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow({name: _cell(value) for name, value in row.items()})
        yield buffer.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return "" if value is None else value


def _result_rows(report: Report) -> Iterator[dict[str, Any]]:
    for job in report.jobs:
        about = {
            "run": report.run_id,
            "job": job.id,
            "state": job.state.value,
            "model": job.model,
            "backend": job.backend,
            "isolation": job.isolation,
        }
        if not job.results:
            yield {**about, "reason": job.reason or job.state.value}
        for result in job.results:
            for metric in result.metrics or (None,):
                yield {**about, **_result(result, job), **(_metric(metric) if metric else {})}


def _result(result: Result, job: JobReport) -> dict[str, Any]:
    key = result.key.model_dump()
    counts = result.counts.model_dump()
    return {
        "dataset": result.dataset,
        **{name: key[name] for name in (*_KEY, *_IDENTITY)},
        **{name: counts[name] for name in _COUNTS},
        "model_identity": key["model"],
        "backend_value": result.backend_value,
        "caveat": result.caveat,
        "reason": result.absent or job.reason,
    }


def _metric(metric: Metric) -> dict[str, Any]:
    low, high = metric.ci95 or (None, None)
    return {
        "metric": metric.name,
        "value": metric.value,
        "stderr": metric.stderr,
        "ci95_low": low,
        "ci95_high": high,
        "raw": metric.raw.literal,
        "unit": metric.raw.unit,
        "maximum": metric.raw.maximum,
        "higher_is_better": metric.higher_is_better,
    }


def _sample_rows(report: Report, read: ReadSamples) -> Iterator[dict[str, Any]]:
    for job in report.jobs:
        about = {"run": report.run_id, "job": job.id, "model": job.model, "backend": job.backend}
        for sample in read(job.id):
            yield {**about, **_sample(sample)}


def _sample(sample: Sample) -> dict[str, Any]:
    plain = sample.model_dump(mode="json")
    return {name: plain[name] for name in _SAMPLES if name in plain}
