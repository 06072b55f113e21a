"""Judged questions from the task to the result: the judge is another role of the same gateway."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from adapters.native.adapter import ADAPTER
from adapters.native.evaluator import grading
from hub.report import Result, Sample, SampleState
from tests.adapters.native.fake_server import completion
from tests.adapters.native.native_task import evaluation, request, write_jsonl
from tests.adapters.native.test_run import Job

ROWS = [{"problem": f"{n}?", "answer": f"gold {n}"} for n in range(6)]


class Upstream:
    """Candidate and judge; the candidate says the question, the judge replies by what it says."""

    def __init__(self, *replies: str) -> None:
        self.replies = replies
        self.asked: list[dict[str, Any]] = []
        self.candidate: list[str] = []

    async def handle(self, asked: web.Request) -> web.Response:
        body = await asked.json()
        last = body["messages"][-1]["content"]
        if "/candidate/" in asked.path:
            self.candidate.append(last)
            return completion(f"It is {last}")
        self.asked.append({"sample": asked.headers["X-Evaldock-Sample"], **body})
        said = self.replies[int(asked.headers["X-Evaldock-Sample"].rpartition("/")[2]) - 1]
        return web.Response(status=503, text="down") if said == "fail" else completion(said)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    data = write_jsonl(tmp_path / "simple.jsonl", ROWS)
    return Job(tmp_path / "job", evaluation(request("simple_qa", path=data), judge=True, concurrency=4))


@pytest.fixture(autouse=True)
def _survive() -> Iterator[None]:
    """Keep the test's own process alive where the runner does not listen."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    yield
    signal.signal(signal.SIGTERM, before)


def outcome(job: Job) -> tuple[Result, dict[str, float | None], dict[str, Sample]]:
    normalized = job.normalized()
    (result,) = normalized.results
    samples = {sample.id.rpartition("/")[2]: sample for sample in normalized.samples}
    return result, {metric.name: metric.value for metric in result.metrics}, samples


def test_verdicts_make_the_score_and_a_missing_one_is_no_score(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream = Upstream("A", "A", "B", "C", "Well, that depends", "fail")

    assert job.run(monkeypatch, upstream.handle) == 0

    result, values, samples = outcome(job)
    assert (result.counts.planned, result.counts.scored, result.counts.judge_fallback) == (6, 4, 2)
    assert values["accuracy"] == 2 / 4
    assert values["not_attempted"] == 1 / 4
    assert values["correct_given_attempted"] == pytest.approx(2 / 3)
    assert values["f_score"] == pytest.approx(2 * 2 / (3 + 4))
    assert samples["5"].error == "the judge's reply is no verdict: 'Well, that depends'"
    assert samples["6"].error.startswith("the judge gave no verdict: HTTP 503: down")
    assert (samples["6"].state, samples["6"].scores) == (SampleState.JUDGE_FALLBACK, {})
    assert set(upstream.candidate) == {f"{n}?" for n in range(6)}


def test_an_unclear_verdict_is_asked_for_once_more(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream = Upstream("A", "A", "A", "A", "Well, that depends", "fail")

    job.run(monkeypatch, upstream.handle)

    times = Counter(body["sample"].rpartition("/")[2] for body in upstream.asked)
    assert times == {"1": 1, "2": 1, "3": 1, "4": 1, "5": 2, "6": 1}
    assert {body["temperature"] for body in upstream.asked} == {0.0}
    (again,) = (body for body in upstream.asked if len(body["messages"]) > 1)
    assert [turn["role"] for turn in again["messages"]] == ["user", "assistant", "user"]


def test_an_answer_that_says_nothing_needs_no_judge(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = []

    async def silent(asked: web.Request) -> web.Response:
        judged.extend(["judge"] if "/judge/" in asked.path else [])
        return completion("<think>Who knows")

    assert job.run(monkeypatch, silent) == 0

    result, values, _ = outcome(job)
    assert values == {"accuracy": 0.0, "not_attempted": 1.0, "f_score": 0.0}
    assert (result.counts.unparsed, judged) == (6, [])


def test_judging_does_not_hold_up_the_asking(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = asyncio.Event()

    async def late(asked: web.Request) -> web.Response:
        if "/candidate/" in asked.path:
            count.append(asked)
            if len(count) == len(ROWS):
                everything.set()
            return completion("x")
        await asyncio.wait_for(everything.wait(), 10)  # no verdict before the last question was asked
        return completion("A")

    count: list[web.Request] = []

    assert job.run(monkeypatch, late) == 0
    assert outcome(job)[1]["accuracy"] == 1.0


def test_a_job_that_is_ended_says_what_was_not_judged(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grading, "DRAIN_S", 0.0)

    async def hanging(asked: web.Request) -> web.Response:
        if "/candidate/" in asked.path:
            return completion("x")
        if asked.headers["X-Evaldock-Sample"].endswith("/1"):
            return completion("A")
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(60)
        return completion("A")

    assert job.run(monkeypatch, hanging) == 143

    result, values, _ = outcome(job)
    counts = result.counts
    assert values["accuracy"] == 1.0
    assert counts.scored == 1
    assert counts.judge_fallback >= 1
    assert counts.scored + counts.judge_fallback + counts.skipped == counts.planned


def test_an_answer_that_the_judge_was_never_asked_about_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grading, "DRAIN_S", 0.0)
    data = write_jsonl(tmp_path / "simple.jsonl", ROWS)
    job = Job(tmp_path / "job", evaluation(request("simple_qa", path=data), judge=True, concurrency=1))
    last = asyncio.Event()

    async def hanging(asked: web.Request) -> web.Response:
        if "/candidate/" not in asked.path:
            await last.wait()
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(60)
        if asked.headers["X-Evaldock-Sample"].endswith("/6"):
            last.set()
        return completion("x")

    assert job.run(monkeypatch, hanging) == 143

    _, _, samples = outcome(job)
    kept = [sample for sample in samples.values() if sample.state is SampleState.JUDGE_FALLBACK]
    assert len(kept) >= 5  # the sixth answer may be on its way still
    assert {(sample.prediction, sample.error) for sample in kept} == {
        ("x", "the job was ended before the judge had answered")
    }


def test_without_a_judge_words_are_compared(tmp_path: Path) -> None:
    asked = evaluation(request("simple_qa", path=tmp_path / "simple.jsonl"))

    (measured,) = json.loads(ADAPTER.translate(asked)["task.json"])["datasets"]

    assert not ADAPTER.uses_judge(asked)
    assert (measured["way"]["extract"], measured["way"]["metrics"][0]) == ("answer", "exact_match_squad")


@pytest.mark.parametrize(
    ("name", "options", "judge", "used"),
    [
        ("simple_qa", {}, True, True),
        ("simple_qa", {"judge": False}, True, False),
        ("general_qa", {}, True, False),
        ("general_qa", {"judge": True}, True, True),
        ("general_qa", {"judge": True}, False, False),
        ("gsm8k", {}, True, False),
    ],
)
def test_who_asks_the_judge(name: str, options: dict[str, bool], judge: bool, used: bool) -> None:
    assert ADAPTER.uses_judge(evaluation(request(name, options=options), judge=judge)) is used


def test_a_judge_that_is_not_there_or_of_no_use_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "qa.jsonl"
    wanted = [request("general_qa", path=path, options={"judge": True}), request("gsm8k", options={"judge": True})]

    complaints = ADAPTER.complain(evaluation(*wanted))

    assert [complaint.path for complaint in complaints] == [("datasets", n, "options", "judge") for n in range(2)]
    assert "the task has no judge" in complaints[0].message
    assert "these can be judged: general_qa, simple_qa" in complaints[1].message


def test_each_answer_to_a_question_is_graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def every_second(asked: web.Request) -> web.Response:
        right = asked.headers["X-Evaldock-Sample"].endswith("%231")
        return completion(("A" if right else "C") if "/judge/" in asked.path else "x")

    data = write_jsonl(tmp_path / "simple.jsonl", ROWS)
    asked = request("simple_qa", path=data, options={"repeats": 2}, generation={"temperature": 1.0})
    job = Job(tmp_path / "job", evaluation(asked, judge=True))

    assert job.run(monkeypatch, every_second) == 0

    found = outcome(job)[1]
    expected = {"accuracy": 0.5, "not_attempted": 0.5, "pass@2": 1.0, "correct_given_attempted": 1.0}
    assert found == expected | {"f_score": pytest.approx(2 * 6 / (6 + 12))}
