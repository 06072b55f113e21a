"""How VLMEvalKit's run over a data set ended: by itself it ends well, whatever happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from adapters.vlmevalkit.contract import MODEL_LABEL
from adapters.vlmevalkit.runner.course import Course
from adapters.vlmevalkit.runner.reasons import StatedError, describe

# VLMEvalKit answers these and scores them not: their right answers are not public.
_ANSWERED_ONLY = frozenset(
    {
        "evaluation_not_supported_for_dataset",
        "external_submission_required",
        "mmbench_evaluation_requires_official_server",
        "official_submission_only_mmmu_test",
        "official_submission_only_mmt_bench",
        "test_split_without_ground_truth",
    }
)
_NO_METRIC = "VLMEvalKit has no metric for it"


class OutcomeError(StatedError):
    """VLMEvalKit came to no score."""


def verdict(course: Course, last_words: str) -> str:
    """Return why VLMEvalKit did not score a data set that it only answers; an empty text where it scored.

    Raises:
        OutcomeError: it failed, whether it says so or not; the message says why.
    """
    if course.error is not None:
        known = _NO_METRIC if isinstance(course.error, NotImplementedError) and not str(course.error) else ""
        raise OutcomeError(known or describe(course.error))
    if course.skipped in _ANSWERED_ONLY:
        return course.skipped
    said = f"; its last complaint: {last_words}" if last_words else ""
    if course.skipped:
        raise OutcomeError(f"VLMEvalKit skipped it: {course.skipped}{said}")
    if not has_figures(course.metrics):
        raise OutcomeError(f"VLMEvalKit ended without an error and without a metric{said}")
    return ""


def has_figures(metrics: Any) -> bool:
    """Return whether what VLMEvalKit gives as its metrics holds a number."""
    if metrics is None:
        return False
    from vlmeval.smp.status_report import flatten_summary_metrics  # noqa: PLC0415

    return bool(flatten_summary_metrics(metrics))


def facts_of(work: Path, name: str) -> dict[str, Any]:
    """Return where the predictions and the results of the data set `name` lie, relative to the job's output."""
    output = work.parent.parent
    found = [path for path in (work / MODEL_LABEL).glob("*") if path.suffix in {".tsv", ".csv", ".json"}]
    files = sorted(path.relative_to(output).as_posix() for path in found)
    table = (work / MODEL_LABEL / f"{MODEL_LABEL}_{name}.tsv").relative_to(output).as_posix()
    return {
        "predictions": table if table in files else "",
        "files": tuple(file for file in files if file != table),
    }
