"""The runner against a server, and what is read from what it wrote."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from adapters.runtime import gateway
from adapters.toolbench.adapter import ADAPTER
from adapters.toolbench.evaluator.ask import Message, Model, Reply
from adapters.toolbench.evaluator.static import run as static
from adapters.toolbench.runner import __main__ as runner
from hub.adapter import Evaluation, Normalized
from hub.errors import NormalizeError
from hub.report import Counts, JobState, SampleState, job_state
from tests.adapters.toolbench.cases import GIVE_UP, answer, call, evaluation, step
from tests.fakes.upstream import Body, FakeUpstream, Fault, last_message

OSLO = call("weather", {"city": "Oslo"})


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("input", "output"):
        (tmp_path / "job" / folder).mkdir(parents=True)
    monkeypatch.setenv("EVALDOCK_ROOT", str(tmp_path))
    monkeypatch.setattr(gateway, "WAITS_S", ())
    return tmp_path


@pytest.fixture
def run(root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    def run(of: Evaluation, steps: list[dict[str, Any]], said: dict[str, str], fault: Fault | None = None) -> int:
        folder = root / "data/static/in_domain"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "in_domain.json").write_text(json.dumps(steps))
        for name, text in ADAPTER.translate(of).items():
            (root / "job/input" / name).write_text(text)

        def is_faulty(body: Body) -> bool:
            return "messages" in body and last_message(body) == "Fail?"

        with FakeUpstream(
            answer=lambda body: said[last_message(body)], fault=fault, fault_when=is_faulty
        ) as upstream:
            monkeypatch.setenv("EVALDOCK_GATEWAY", upstream.base_url.removesuffix("/v1"))
            code = runner.main()
        assert {request.path for request in upstream.requests} <= {
            "/candidate/static%2Fin_domain/v1/chat/completions"
        }
        return code

    return run


def read(root: Path, of: Evaluation) -> Normalized:
    return ADAPTER.normalize(of, root / "job/output")


def test_every_step_is_asked_and_compared(root: Path, run: Callable[..., int]) -> None:
    steps = [step(OSLO, "Weather?"), step(answer("sunny"), "And now?"), step(GIVE_UP, "Table?")]
    said = {"Weather?": OSLO, "And now?": answer("rainy"), "Table?": call("cities")}

    code = run(evaluation(), steps, said)

    (result,), samples = read(root, evaluation()).results, list(read(root, evaluation()).samples)
    found = {metric.name: metric.value for metric in result.metrics}
    assert code == 0
    assert job_state((result,)) is JobState.SUCCEEDED
    assert result.metrics[0].name == "action_em"
    assert (found["action_em"], found["plan_em"], found["rouge_l"]) == (1.0, 1.0, 0.0)
    assert (found["plan_em_strict"], found["hallu_rate"]) == (2 / 3, 0.0)
    assert {metric.name: metric.raw.literal for metric in result.metrics[-2:]} == {"counted": "2", "dropped": "1"}
    assert "easy_f1" not in found
    reason = "no reference that counts calls a tool without arguments"
    assert result.caveat == (
        "1 of 3 do not count by Eval-Scope's rules (1: the reference gives up and the model does not); "
        f"no easy_f1: {reason}"
    )
    assert [sample.answer for sample in samples] == ['weather({"city": "Oslo"})', "rainy", "cities({})"]
    assert samples[2].error == "does not count in Eval-Scope's figures: the reference gives up and the model does not"


def test_a_failed_request_is_no_score(root: Path, run: Callable[..., int]) -> None:
    run(evaluation(), [step(OSLO, "Weather?"), step(OSLO, "Fail?")], {"Weather?": OSLO, "Fail?": OSLO}, "503")

    (result,) = read(root, evaluation()).results
    states = [sample.state for sample in read(root, evaluation()).samples]
    assert states == [SampleState.SCORED, SampleState.INFRA_ERROR]
    assert (result.counts.planned, result.counts.scored, result.counts.infra_error) == (2, 1, 1)
    assert (result.metrics[0].value, job_state((result,))) == (1.0, JobState.PARTIAL)


@pytest.mark.parametrize("fault", ["html", "empty", "truncated", "close", "401", "429"])
def test_where_no_request_succeeds_the_score_is_absent(root: Path, run: Callable[..., int], fault: Fault) -> None:
    run(evaluation(), [step(OSLO, "Fail?")], {"Fail?": OSLO}, fault)

    (result,) = read(root, evaluation()).results
    assert (result.metrics, job_state((result,))) == ((), JobState.FAILED)
    assert result.absent.startswith("no item was answered: ")


def test_an_empty_answer_is_a_wrong_one(root: Path, run: Callable[..., int]) -> None:
    run(evaluation(), [step(OSLO, "Weather?")], {"Weather?": " . "})

    (result,) = read(root, evaluation()).results
    assert (result.metrics[0].value, result.counts.scored) == (0.0, 1)


def test_an_answer_that_no_file_can_hold_is_written_all_the_same(root: Path, run: Callable[..., int]) -> None:
    run(evaluation(), [step(OSLO, "Weather?")], {"Weather?": "\ud800"})

    assert [sample.state for sample in read(root, evaluation()).samples] == [SampleState.SCORED]


def test_hostile_texts_are_texts(root: Path, run: Callable[..., int]) -> None:
    mark = root / "mark"
    code_of = f"__import__('pathlib').Path({str(mark)!r}).write_text('x')"
    hostile = call("Finish", raw=f'{{"return_type": "give_answer", "final_answer": "{code_of}"}}')

    run(evaluation(), [step(call("weather", raw=code_of), "Weather?")], {"Weather?": hostile})

    assert not mark.exists()
    assert next(iter(read(root, evaluation()).samples)).answer == code_of


def test_nothing_in_the_evaluator_evaluates_text() -> None:
    folder = Path(runner.__file__).parents[1]
    words = ("eval(", "exec(", "pickle", "literal_eval", "subprocess", "os.system", "importlib")
    found = [(file.name, word) for file in folder.rglob("*.py") for word in words if word in file.read_text()]

    assert found == []


def test_broken_data_are_named_and_the_score_is_absent(root: Path, run: Callable[..., int]) -> None:
    code = run(evaluation(), [{"target": 1}], {})

    (result,) = read(root, evaluation()).results
    events = (root / "job/output/events.jsonl").read_text()
    assert code == 1
    assert result.absent == "in_domain.json, item 1: target must be a text"
    assert "static/in_domain: in_domain.json, item 1" in events


def test_a_job_that_is_ended_has_its_figures_so_far(
    root: Path, run: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = ("Weather?", "And now?", "Fail?", "Ended?")
    whole = Model.ask

    def ended(model: Model, sample: str, messages: Sequence[Message]) -> Reply:
        if messages[-1]["content"] == "Ended?":
            raise SystemExit(143)
        return whole(model, sample, messages)

    monkeypatch.setattr(Model, "ask", ended)
    with pytest.raises(SystemExit):
        run(evaluation(), [step(OSLO, question) for question in questions], dict.fromkeys(questions, OSLO), "503")

    (result,) = read(root, evaluation()).results
    assert {metric.name: metric.value for metric in result.metrics}["action_em"] == 1.0
    assert result.counts == Counts(planned=4, scored=2, infra_error=1, skipped=1)
    assert job_state((result,)) is JobState.PARTIAL
    assert len(list(read(root, evaluation()).samples)) == 3


def test_a_job_that_is_killed_before_its_first_figures_has_what_it_wrote(root: Path, run: Callable[..., int]) -> None:
    run(evaluation(), [step(OSLO, "Weather?"), step(OSLO, "Weather?")], {"Weather?": OSLO})
    folder = root / "job/output/static%2Fin_domain"
    (folder / "metrics.json").unlink()
    lines = (folder / "predictions.jsonl").read_text()
    (folder / "predictions.jsonl").write_text(lines[:-9])

    (result,) = read(root, evaluation()).results
    assert (result.metrics, result.absent) == ((), "the job ended when 1 of its items were done")


def test_of_many_steps_the_figures_are_those_of_all(root: Path, run: Callable[..., int], monkeypatch: Any) -> None:
    monkeypatch.setattr(static, "_DENSE", 2)
    run(evaluation(), [step(OSLO, "Weather?")] * 8, {"Weather?": OSLO})

    (result,) = read(root, evaluation()).results
    assert result.counts == Counts(planned=8, scored=8)


def of_value(value: str) -> str:
    rest = '"n": 1, "absent": "", "stderr": null, "ci95": null, "uncertainty_absent": "x"'
    return f'{{"metrics": {{"action_em": {{"value": {value}, {rest}}}}}}}'


@pytest.mark.parametrize(
    "text",
    [
        *("{", "[]", '{"metrics": {"action_em": 1}}', '{"states": {"scored": "many"}}', '{"states": {"planned": 3}}'),
        *(of_value('"high"'), of_value("NaN"), of_value('"nan"'), of_value("true")),
    ],
)
def test_a_broken_file_is_refused(root: Path, run: Callable[..., int], text: str) -> None:
    run(evaluation(), [step(OSLO, "Weather?")], {"Weather?": OSLO})
    (root / "job/output/static%2Fin_domain/metrics.json").write_text(text)

    with pytest.raises(NormalizeError, match=r"metrics\.json"):
        read(root, evaluation())


def test_nothing_written_is_said(root: Path) -> None:
    with pytest.raises(NormalizeError, match="wrote nothing"):
        read(root, evaluation())
