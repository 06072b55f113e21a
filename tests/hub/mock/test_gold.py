import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hub.adapter import Gold, GoldCall
from hub.errors import PrerequisiteError, TaskError
from hub.mock.answers import UNKNOWN, Asked, Belief
from hub.mock.compose import Answerer, chat, completion
from hub.mock.gold import GoldAnswers, Share
from hub.mock.gold_task import read_task_gold
from hub.mock.request import ChatRequest, CompletionRequest, read_request
from hub.mock.unique import UniqueAnswers
from hub.settings import Settings

GOLDS = [
    Gold("g", str(n), f"What is {n} + 1?\nAnswer:", f"What is {n} + 1?", f" {n + 1}", (f" {n}",)) for n in range(40)
]


def notes(answers: GoldAnswers) -> list[str]:
    return [answers.say(Asked(gold.prompt)).note for gold in GOLDS]


@pytest.mark.parametrize(("rate", "wrong"), [(0, 0), (0.25, 10), (0.26, 10), (1, 40)])
def test_the_share_of_wrong_answers_is_exact(rate: float, wrong: int) -> None:
    answers = GoldAnswers(GOLDS, error_rate=rate, seed=0)

    assert Counter(notes(answers))["wrong"] == wrong
    assert answers.groups == (Share("g", 40, wrong),)


def test_the_seed_decides_which_answers_are_wrong() -> None:
    first, again, other = (notes(GoldAnswers(GOLDS, error_rate=0.5, seed=seed)) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_a_question_is_found_behind_examples_and_in_another_prompt() -> None:
    answers = GoldAnswers(GOLDS, error_rate=0, seed=0)

    assert answers.say(Asked(f"{GOLDS[3].prompt} 4\n\n{GOLDS[5].prompt}")).text == " 6"
    assert answers.say(Asked("Q: What is 7 + 1?\nThink first.")).text == " 8"
    assert answers.say(Asked("What is love?")).text == UNKNOWN


def test_of_answers_that_others_give_only_its_own_is_believed() -> None:
    answers = GoldAnswers(GOLDS, error_rate=0, seed=0)
    start = len(GOLDS[7].prompt)

    assert answers.judge(GOLDS[7].prompt + " 8") == Belief(start, agrees=True)
    assert answers.judge(GOLDS[7].prompt + " 7") == Belief(start, agrees=False)
    assert answers.judge("no question") is None


def test_the_likeliest_continuation_is_the_answer() -> None:
    answers = GoldAnswers(GOLDS, error_rate=0, seed=0)

    def likelihood(text: str) -> float:
        body = CompletionRequest(model="m", prompt=GOLDS[7].prompt + text, echo=True, max_tokens=0, logprobs=1)
        (choice,) = completion(body, answers).choices
        assert choice.scored is not None
        return choice.scored[-1].logprob or 0

    assert likelihood(" 8") > -1 > likelihood(" 7")
    assert likelihood(" 8") > -1 > likelihood(" 9")


AGENT = Gold(
    "a",
    "1",
    "\nWeather?\nBegin!\n",
    "Weather?",
    '{"text": "rain"}',
    ('{"text": "?"}',),
    answered_by="Finish",
    calls=(GoldCall("look", '{"at": "sky"}'), GoldCall("ask", "{}")),
)


def conversation(results: int, **more: Any) -> ChatRequest:
    names = ("look", "ask", "Finish")
    turns = [{"role": "system", "content": "Act."}, {"role": "user", "content": AGENT.prompt}]
    for number in range(results):
        turns += [{"role": "assistant"}, {"role": "tool", "content": f"result {number}"}]
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    body = {"model": "m", "messages": turns, "tools": tools, **more}
    return read_request(ChatRequest, json.dumps(body).encode())


def called(answers: Answerer, request: ChatRequest) -> tuple[str, str]:
    (choice,) = chat(request, answers).choices
    return (choice.calls[0].name, choice.calls[0].arguments) if choice.calls else ("", choice.text)


def test_an_agent_makes_its_calls_and_then_the_one_with_the_answer() -> None:
    answers = GoldAnswers([AGENT], error_rate=0, seed=0)

    made = [called(answers, conversation(results)) for results in range(4)]

    finished = ("Finish", '{"text": "rain"}')
    assert made == [("look", '{"at": "sky"}'), ("ask", "{}"), finished, finished]


def test_an_agent_errs_in_its_answer_alone() -> None:
    answers = GoldAnswers([AGENT], error_rate=1, seed=0)

    replies = [chat(conversation(results), answers) for results in range(3)]

    assert [reply.choices[0].calls[0].name for reply in replies] == ["look", "ask", "Finish"]
    assert [reply.notes for reply in replies] == [("called",), ("called",), ("wrong",)]
    assert replies[2].choices[0].calls[0].arguments == '{"text": "?"}'
    assert len({reply.choices[0].calls[0].id for reply in replies}) == 3


def test_a_function_that_may_not_be_called_is_not() -> None:
    answers = GoldAnswers([AGENT], error_rate=0, seed=0)

    assert called(answers, conversation(0, tool_choice="none")) == ("", '{"text": "rain"}')
    forced = {"type": "function", "function": {"name": "ask"}}
    assert called(answers, conversation(0, tool_choice=forced))[0] == "ask"


def test_an_agent_whose_answers_are_drawn_anew_calls_without_a_thought() -> None:
    answers = UniqueAnswers(GoldAnswers([AGENT], error_rate=0, seed=0), error_rate=0.5, seed=0)

    said = {called(answers, conversation(2)) for _ in range(50)}

    assert said == {("Finish", '{"text": "rain"}'), ("Finish", '{"text": "?"}')}


def test_questions_that_end_alike_are_told_by_their_whole_conversation() -> None:
    golds = [
        Gold("g", place, "Begin!", "Begin!", f"in {place}", (), conversation=("Act.", place, "Begin!"))
        for place in ("Oslo", "Rome")
    ]
    turns = [{"role": "system", "content": "Act."}, {"role": "assistant", "content": "Rome\n"}]
    request = read_request(
        ChatRequest,
        json.dumps({"model": "m", "messages": [*turns, {"role": "user", "content": "Begin!"}]}).encode(),
    )

    assert chat(request, GoldAnswers(golds, error_rate=0, seed=0)).choices[0].text == "in Rome"


def task(
    folder: Path, datasets: str, *, backend: str = "native", model: str = "endpoint: 'http://127.0.0.1:9'"
) -> Path:
    path = folder / "task.yaml"
    path.write_text(
        f"version: 1\nname: t\nmodels: {{m: {{{model}, model: served}}}}\n"
        f"evaluations: [{{backend: {backend}, datasets: [{datasets}]}}]\n"
    )
    return path


def test_the_gold_of_a_task_is_that_of_its_limited_data(tmp_path: Path, settings: Settings) -> None:
    rows = [{"question": f"What is {n} + 1?", "answer": str(n + 1)} for n in range(9)]
    (tmp_path / "qa.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    known = read_task_gold(task(tmp_path, "{name: general_qa, path: ./qa.jsonl, limit: 4}"), settings)

    assert {gold.id for gold in known.golds} == {"1", "2", "3", "4"}
    assert known.models == ("served",)
    assert known.silent == ()


def test_data_that_are_not_here_are_a_prerequisite(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(PrerequisiteError, match="data set 'gsm8k' is not here"):
        read_task_gold(task(tmp_path, "gsm8k"), settings)
    with pytest.raises(PrerequisiteError, match="is not here"):
        read_task_gold(task(tmp_path, "{name: general_qa, path: ./absent.jsonl}"), settings)


def test_a_backend_that_cannot_say_what_is_right_is_named(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(PrerequisiteError, match="echo cannot tell"):
        read_task_gold(task(tmp_path, "echo", backend="echo"), settings)


def test_a_wrong_task_is_a_task_error(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(TaskError, match="gsm8k"):
        read_task_gold(task(tmp_path, "gsm9k"), settings)
