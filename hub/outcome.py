"""What became of one sample, as a reader filters it: right, partly right, wrong, only scored, or not scored."""

from __future__ import annotations

from math import isfinite
from typing import Literal

from hub.report import Metric, Report, Sample, SampleState

Outcome = Literal["right", "partly", "wrong", "scored"] | SampleState


class Outcomes:
    """Knows how each data set is measured, and says from that what became of a sample."""

    def __init__(self, report: Report) -> None:
        """Find the leading metric of each data set, and whether answers are extracted there."""
        found = [(job.id, result) for job in report.jobs for result in job.results]
        self._extracting = {(job, result.dataset) for job, result in found if result.counts.unparsed}
        self._leading: dict[tuple[str, str], Metric] = {}
        for job, result in found:
            for metric in result.metrics[:1]:
                self._leading.setdefault((job, result.dataset), metric)

    def outcome(self, job: str, sample: Sample) -> Outcome:
        """Return the sample's outcome; only a score between 0 and 1 can be right, wrong or partly so."""
        if sample.state is not SampleState.SCORED:
            return sample.state
        leading = self._leading.get((job, sample.dataset))
        score = sample.scores.get(leading.name) if leading else None
        if score is None and len(sample.scores) == 1:
            score = next(iter(sample.scores.values()))
        if score is None or not isfinite(score) or not 0 <= score <= 1:
            return "scored"
        best = 1 if leading is None or leading.higher_is_better else 0
        return "right" if score == best else "wrong" if score == 1 - best else "partly"

    def unparsed(self, job: str, sample: Sample) -> bool:
        """Return whether nothing could be extracted; where a backend never extracts, that says nothing."""
        unanswered = sample.state is SampleState.SCORED and sample.answer is None
        return unanswered and (job, sample.dataset) in self._extracting
