from pathlib import Path

from hub.adapter import Normalized
from hub.reading import first_gap, keep
from hub.report import Counts, Sample, SampleState
from tests.fakes.reports import metric, result


def unjudged(number: int, error: str, dataset: str = "simple_qa") -> Sample:
    return Sample(id=str(number), dataset=dataset, state=SampleState.JUDGE_FALLBACK, error=error)


def test_why_a_judge_most_often_gave_no_verdict_is_said(tmp_path: Path) -> None:
    errors = ("HTTP 400: no tools here", "no verdict: 'well'", "HTTP 400: no tools here")
    samples = (*(unjudged(number, error) for number, error in enumerate(errors)), unjudged(3, "late", "other"))
    judged = result("simple_qa", metric(), counts=Counts(planned=4, scored=1, judge_fallback=3))

    found = keep(Normalized((judged,), iter(samples)), tmp_path)

    assert first_gap((judged,), found) == (
        "simple_qa: 3 of 4 samples without the judge's verdict, most often because: HTTP 400: no tools here"
    )
    assert len((tmp_path / "samples.jsonl").read_text().splitlines()) == 4


def test_of_reasons_as_frequent_the_same_is_said_in_whatever_order(tmp_path: Path) -> None:
    samples = [unjudged(1, "a"), unjudged(2, "b")]

    there, back = (keep(Normalized((), order), tmp_path) for order in (samples, samples[::-1]))

    assert there == back


def test_a_gap_without_a_reason_is_a_number() -> None:
    judged = result("simple_qa", metric(), counts=Counts(planned=4, scored=1, judge_fallback=3))

    assert first_gap((judged,), {}) == "simple_qa: 3 of 4 samples without the judge's verdict"
