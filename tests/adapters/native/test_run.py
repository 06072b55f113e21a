"""The runner end to end: task.json in, samples, summary and events out, and normalize reads them back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from aiohttp import web

from adapters.native.adapter import ADAPTER
from adapters.native.evaluator import run as module
from adapters.native.evaluator.errors import ModelError
from adapters.native.evaluator.request import Deliver, Outcome, Request
from adapters.native.evaluator.run import run
from hub.adapter import Evaluation, Normalized
from hub.report import SampleState
from tests.adapters.native.fake_server import Handler, completion, serving
from tests.adapters.native.native_task import evaluation, request, write_jsonl

ROOT = Path(__file__).resolve().parents[3]
QA = [{"question": f"{n}?", "answer": str(n)} for n in range(4)]


class Job:
    """A job's tree under one folder, as the venv engine makes it."""

    def __init__(self, root: Path, asked: Evaluation) -> None:
        self.root, self.asked = root, asked
        self.output = root / "job/output"
        self.output.mkdir(parents=True)
        for name, text in ADAPTER.translate(asked).items():
            write = root / "job/input" / name
            write.parent.mkdir(parents=True, exist_ok=True)
            write.write_text(text, encoding="utf-8")
        for asset in ADAPTER.assets(asked):
            target = root / asset.target.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(asset.location)

    def run(self, monkeypatch: pytest.MonkeyPatch, handler: Handler) -> int:
        monkeypatch.setenv("EVALDOCK_ROOT", str(self.root))
        with serving(handler) as url:
            monkeypatch.setenv("EVALDOCK_GATEWAY", url)
            return run()

    def normalized(self) -> Normalized:
        return ADAPTER.normalize(self.asked, self.output)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.output / "events.jsonl").read_text("utf-8").splitlines()]


async def echo(asked: web.Request) -> web.Response:
    """Answer a question by itself without its question mark, and fail on 3."""
    text = (await asked.json())["messages"][-1]["content"].rstrip("?")
    return web.Response(status=500, text="boom") if text == "3" else completion(text)


def test_a_failed_request_is_counted_and_no_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_jsonl(tmp_path / "qa.jsonl", QA)
    job = Job(tmp_path / "job", evaluation(request("general_qa", label="my qa/1", path=data)))

    assert job.run(monkeypatch, echo) == 0

    (result,) = job.normalized().results
    assert (result.counts.planned, result.counts.scored, result.counts.infra_error) == (4, 3, 1)
    assert [(metric.name, metric.value) for metric in result.metrics][:2] == [("exact_match", 1.0), ("f1", 1.0)]
    states = {sample.gold: sample.state for sample in job.normalized().samples}
    assert states == dict.fromkeys("012", SampleState.SCORED) | {"3": SampleState.INFRA_ERROR}


def test_one_bad_data_set_leaves_the_others_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = write_jsonl(tmp_path / "qa.jsonl", QA)
    bad = write_jsonl(tmp_path / "bad.jsonl", [{"frage": "q", "answer": "a"}])
    asked = evaluation(request("general_qa", label="bad", path=bad), request("general_qa", label="good", path=good))
    job = Job(tmp_path / "job", asked)

    assert job.run(monkeypatch, echo) == 1

    first, second = job.normalized().results
    assert "no column 'question'" in first.absent
    assert second.counts.scored == 3
    (failed,) = [event for event in job.events() if event["event"] == "failed"]
    assert "bad.jsonl:1" in failed["reason"]
    assert "columns" in failed["hint"]


def test_all_bad_rows_and_what_to_do_stand_in_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [*QA, {"question": "q", "answer": {"x": 1}}, {"question": "q", "answer": None}]
    job = Job(tmp_path / "job", evaluation(request("general_qa", path=write_jsonl(tmp_path / "qa.jsonl", rows))))

    assert job.run(monkeypatch, echo) == 1

    assert job.normalized().results[0].absent.splitlines() == [
        "2 rows cannot be used:",
        "  qa.jsonl:5: column 'answer' is an object, expected text or a number",
        "  qa.jsonl:6: column 'answer' is null",
        "Write it as text or as a number. Give it a value, or remove the row.",
    ]


def test_several_subsets_get_an_aggregate_over_their_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_jsonl(tmp_path / "qa" / "a.jsonl", [{"question": "1?", "answer": "1"}] * 3)
    write_jsonl(tmp_path / "qa" / "b.jsonl", [{"question": "1?", "answer": "2"}])
    job = Job(tmp_path / "job", evaluation(request("general_qa", path=tmp_path / "qa")))

    assert job.run(monkeypatch, echo) == 0

    values = {result.key.subset: result.metrics[0] for result in job.normalized().results}
    assert {subset: metric.value for subset, metric in values.items()} == {None: 0.75, "a": 1.0, "b": 0.0}
    assert values["b"].uncertainty_absent
    assert values[None].source.key == "datasets.general_qa.aggregate.metrics.exact_match.value"


def test_a_category_and_the_mean_over_subjects_are_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def always_a(_: web.Request) -> web.Response:
        return completion("ANSWER: A")

    rows = {"anatomy": "AAAB", "virology": "AB", "astronomy": "BB"}
    for subject, answers in rows.items():
        asked = [{"question": f"{n}?", "choices": ["x", "y"], "answer": "AB".index(a)} for n, a in enumerate(answers)]
        write_jsonl(tmp_path / "mmlu" / subject / "test.jsonl", asked)
    job = Job(tmp_path / "job", evaluation(request("mmlu", path=tmp_path / "mmlu", subsets=tuple(rows), few_shot=0)))

    assert job.run(monkeypatch, always_a) == 0

    results = job.normalized().results
    found = {result.key.subset: {metric.name: metric.value for metric in result.metrics} for result in results}
    assert list(found) == [None, "STEM", "Other", *rows]
    assert found[None] == {"accuracy": 0.5, "accuracy_macro": pytest.approx((0.75 + 0.5) / 3)}
    assert found["Other"] == {"accuracy": pytest.approx(4 / 6), "accuracy_macro": pytest.approx(0.625)}
    assert found["anatomy"] == {"accuracy": 0.75}
    other = results[2]
    assert other.averages == ("anatomy", "virology")
    assert other.metrics[1].source.key == "datasets.mmlu.categories.Other.metrics.accuracy_macro.value"
    assert other.counts.scored == 6


def test_instructions_count_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def comma(_: web.Request) -> web.Response:
        return completion("One, two")

    no_comma, words = "punctuation:no_comma", "length_constraints:number_words"
    two = {"num_words": 2, "relation": "at least"}
    rows = [
        {"key": 1, "prompt": "p", "instruction_id_list": [no_comma, words, words], "kwargs": [{}, two, two]},
        {"key": 2, "prompt": "p", "instruction_id_list": [words], "kwargs": [two]},
    ]
    job = Job(tmp_path / "job", evaluation(request("ifeval", path=write_jsonl(tmp_path / "data.jsonl", rows))))

    assert job.run(monkeypatch, comma) == 0

    (result,) = job.normalized().results
    metrics = {metric.name: metric.value for metric in result.metrics}
    assert metrics == {
        "prompt_strict": 0.5,
        "prompt_loose": 0.5,
        "instruction_strict": 0.75,
        "instruction_loose": 0.75,
    }


def test_subsets_are_asked_abreast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    async def noting(request_: web.Request) -> web.Response:
        asked.append((await request_.json())["messages"][-1]["content"])
        return completion("x")

    write_jsonl(tmp_path / "qa" / "long.jsonl", [{"question": f"long {n}", "answer": "x"} for n in range(6)])
    write_jsonl(tmp_path / "qa" / "short.jsonl", [{"question": f"short {n}", "answer": "x"} for n in range(2)])
    job = Job(tmp_path / "job", evaluation(request("general_qa", path=tmp_path / "qa"), concurrency=1))

    job.run(monkeypatch, noting)

    assert asked == ["long 0", "short 0", "long 1", "long 2", "long 3", "short 1", "long 4", "long 5"]


def test_a_dead_endpoint_leaves_no_value_but_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def dead(_: web.Request) -> web.Response:
        return web.Response(status=502, text="bad gateway")

    rows = [{"question": f"{n}?", "answer": "1"} for n in range(30)]
    job = Job(tmp_path / "job", evaluation(request("general_qa", path=write_jsonl(tmp_path / "qa.jsonl", rows))))

    assert job.run(monkeypatch, dead) == 1

    (result,) = job.normalized().results
    assert (result.metrics, result.counts.scored) == ((), 0)
    assert result.counts.infra_error + result.counts.skipped == 30
    assert "HTTP 502: bad gateway" in result.absent


def test_a_data_set_that_a_checkpoint_could_not_finish_has_counts_and_no_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing:
        """Computes the longest prompt, then lacks memory."""

        chat, facts, in_order, ended = True, MappingProxyType({"kind": "transformers"}), False, False

        def answer(self, _: str, requests: Sequence[Request], deliver: Deliver) -> None:
            deliver(len(requests) - 1, Outcome(text=str(len(requests) - 1)))
            raise ModelError("the GPU's memory does not hold one prompt")

    monkeypatch.setattr(module, "load_model", lambda *_: Failing())
    job = Job(tmp_path / "job", evaluation(request("general_qa", path=write_jsonl(tmp_path / "qa.jsonl", QA))))

    assert job.run(monkeypatch, echo) == 1

    (result,) = job.normalized().results
    assert (result.counts.scored, result.counts.skipped, result.metrics) == (1, 3, ())
    assert result.absent == "the GPU's memory does not hold one prompt"
    assert len(list(job.normalized().samples)) == 4


def test_progress_is_announced_and_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(tmp_path / "job", evaluation(request("general_qa", path=write_jsonl(tmp_path / "qa.jsonl", QA))))

    job.run(monkeypatch, echo)

    kinds = [event["event"] for event in job.events()]
    assert (kinds[0], kinds[-1]) == ("planned", "finished")
    last = [event for event in job.events() if event["event"] == "progress"][-1]
    assert (last["done"], last["total"], last["errors"]) == (4, 4, 1)


def test_an_endpoint_evaluation_imports_nothing_heavy(tmp_path: Path) -> None:
    job = Job(tmp_path / "job", evaluation(request("general_qa", path=write_jsonl(tmp_path / "qa.jsonl", QA[:1]))))
    code = (
        "import sys; from adapters.native.evaluator.run import run; code = run();"
        "heavy = {'torch', 'transformers', 'pyarrow', 'hub', 'pydantic'} & set(sys.modules);"
        "print(code, sorted(heavy))"
    )
    with serving(echo) as url:
        env = {**os.environ, "EVALDOCK_ROOT": str(job.root), "EVALDOCK_GATEWAY": url, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "0 []"


def test_a_missing_checkpoint_says_so_without_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_model(*_: object) -> None:
        raise ModelError("the checkpoint has no config.json", hint="Give a folder.")

    monkeypatch.setattr(module, "load_model", no_model)
    job = Job(tmp_path / "job", evaluation(request("general_qa", path=write_jsonl(tmp_path / "qa.jsonl", QA))))

    assert job.run(monkeypatch, echo) == 1

    assert job.events()[-1] == {
        "event": "failed",
        "reason": "the checkpoint has no config.json",
        "hint": "Give a folder.",
    }
    assert job.normalized().results[0].absent == "the checkpoint has no config.json. Give a folder."


def test_the_summary_does_not_depend_on_the_order_in_which_samples_were_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ordered:
        """Delivers in the order that it is told; every second answer is an error of the sample's own."""

        chat, facts, in_order, ended = True, MappingProxyType({"kind": "transformers"}), False, False

        def __init__(self, step: int) -> None:
            self.step = step

        def answer(self, _: str, requests: Sequence[Request], deliver: Deliver) -> None:
            for index in range(len(requests))[:: self.step]:
                error = Outcome("model_error", error=f"no. {index}")
                deliver(index, error if index % 2 else Outcome(text=str(index)))

    texts = []
    for step in (1, -1):
        monkeypatch.setattr(module, "load_model", lambda *_, step=step: Ordered(step))
        data = write_jsonl(tmp_path / "qa.jsonl", QA)
        job = Job(tmp_path / f"job{step}", evaluation(request("general_qa", path=data)))
        job.run(monkeypatch, echo)
        texts.append((job.output / "summary.json").read_text("utf-8"))

    assert texts[0] == texts[1]
