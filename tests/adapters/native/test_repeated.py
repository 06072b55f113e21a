"""Questions that are asked several times, from the task to the result."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from adapters.native.adapter import ADAPTER
from hub.adapter import DatasetRequest
from tests.adapters.native.fake_server import completion
from tests.adapters.native.native_task import WEIGHTS, dataset, evaluation, request, write_jsonl
from tests.adapters.native.test_run import Job

QA = [{"id": f"q{n}", "question": f"{n}?", "answer": str(n)} for n in range(3)]


def repeated(tmp_path: Path, **fields: Any) -> DatasetRequest:
    """Return a data set of which each question is asked four times."""
    options = {"repeats": 4, **fields.pop("options", {})}
    data = write_jsonl(tmp_path / "qa.jsonl", QA)
    return request("general_qa", path=data, options=options, generation={"temperature": 0.8}, **fields)


class Server:
    """Answers the first asking of a question rightly, 3 times of 4 wrongly; question 2 fails at its third asking."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, int]] = []

    async def answer(self, asked: web.Request) -> web.Response:
        body, name = await asked.json(), asked.headers["X-Evaldock-Sample"]
        text = body["messages"][-1]["content"].rstrip("?")
        self.seen.append((text, name, body["seed"]))
        number = name[-1]
        if (text, number) == ("2", "3"):
            return web.Response(status=500, text="boom")
        return completion(text if number == "1" or text == "0" else "wrong")


def test_each_asking_has_a_name_and_a_seed_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server, job = Server(), Job(tmp_path / "job", evaluation(repeated(tmp_path)))

    assert job.run(monkeypatch, server.answer) == 0

    names = [name for _, name, _ in server.seen]
    assert len(names) == len(set(names)) == 12
    assert Counter(seed for _, _, seed in server.seen) == {42: 3, 43: 3, 44: 3, 45: 3}
    lines = [json.loads(line) for line in next((job.output / "samples").iterdir()).read_text().splitlines()]
    assert {line["id"] for line in lines} == {f"default/q{n}#{k}" for n in range(3) for k in range(1, 5)}


def test_a_score_is_that_of_a_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(tmp_path / "job", evaluation(repeated(tmp_path)))

    job.run(monkeypatch, Server().answer)

    (result,) = job.normalized().results
    assert (result.counts.planned, result.counts.scored, result.counts.infra_error) == (12, 11, 1)
    values = {metric.name: metric.value for metric in result.metrics}
    assert values["exact_match"] == pytest.approx((1 + 1 / 4 + 1 / 3) / 3)
    assert values["pass@4"] == 1.0  # question 2 has three answers, and is not in it
    assert values["majority@4"] == pytest.approx(1 / 3)
    assert result.key.generation["repeats"] == 4


def test_one_asking_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(tmp_path / "job", evaluation(repeated(tmp_path, options={"repeats": 1})))

    async def right(asked: web.Request) -> web.Response:
        return completion((await asked.json())["messages"][-1]["content"].rstrip("?"))

    job.run(monkeypatch, right)

    (result,) = job.normalized().results
    assert {sample.id for sample in job.normalized().samples} == {"default/q0", "default/q1", "default/q2"}
    assert not any("@" in metric.name for metric in result.metrics)
    assert "repeats" not in result.key.generation


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, ()),
        ({"repeats": 2}, (2,)),
        ({"repeats": 10}, (10,)),
        ({"repeats": 50}, (10, 50)),
        ({"repeats": 200}, (10, 100, 200)),
        ({"repeats": 20, "pass_at": [5, 2, 5]}, (2, 5)),
        ({"repeats": 20, "pass_at": []}, ()),
    ],
)
def test_pass_at_k_is_given_for_the_papers_k_and_for_all_answers(
    tmp_path: Path, options: dict[str, Any], wanted: tuple[int, ...]
) -> None:
    assert dataset("general_qa", path=tmp_path / "qa.jsonl", options=options).pass_at == wanted


def complaints(asked: DatasetRequest, **fields: Any) -> list[tuple[str, bool]]:
    """Return what Native says of a data set."""
    return [(found.message, found.refuses) for found in ADAPTER.complain(evaluation(asked, **fields))]


def test_more_tries_than_answers_are_refused(tmp_path: Path) -> None:
    (found,) = complaints(repeated(tmp_path, options={"pass_at": [2, 8]}))

    assert found == ("pass@8 needs as many answers to each question: set repeats to 8 or more", True)


def test_likelihoods_are_not_repeated(tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "mcq.jsonl", [])
    asked = request("general_mcq", path=data, options={"repeats": 2}, generation={"temperature": 0.5})

    (found,) = complaints(asked, model=WEIGHTS)

    assert found == (
        "only generated answers differ: use scoring: generate, or leave repeats out; here it is choice",
        True,
    )


def test_equal_answers_are_warned_of(tmp_path: Path) -> None:
    asked = request("general_qa", path=tmp_path / "qa.jsonl", options={"repeats": 3})

    ((message, refuses),) = complaints(asked)

    assert "3 times at temperature 0" in message
    assert not refuses
