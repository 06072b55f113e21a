"""What an agent's text says that it does next."""

from __future__ import annotations

import pytest

from adapters.toolbench.evaluator.static.steps import NotJsonError, Step, parse, read_json
from tests.adapters.toolbench.cases import GIVE_UP, answer, call


@pytest.mark.parametrize(
    ("text", "step"),
    [
        (call("weather", {"city": "Oslo"}), Step("call", "weather", '{"city": "Oslo"}')),
        (f"{call('cities')}\n{call('weather', raw='x')}", Step("call", "weather", "x")),
        ("Action: weather", Step("call", "weather", "{}")),
        ('Action Input: {"city": "Oslo"}', Step("call", "none", '{"city": "Oslo"}')),
        ("It is sunny.", Step("call", "none", "{}")),
        ("", Step("call", "none", "{}")),
        ("Action: weather\nwell\nAction Input: {}", Step("call", "weather\nwell", "{}")),
        (GIVE_UP, Step("give up", None, None)),
        (call("Finish", raw="oops"), Step("give up", None, None)),
        (call("Finish", raw='["give_answer"]'), Step("give up", None, None)),
    ],
)
def test_the_last_action_of_a_text_is_its_step(text: str, step: Step) -> None:
    assert parse(text) == step


@pytest.mark.parametrize(
    ("given", "told"), [("Sunny.", "Sunny."), ({"a": 1}, "{'a': 1}"), (" . ", "None"), ("", "None"), (3, "3")]
)
def test_a_final_answer_is_text_and_a_blank_one_is_none(given: object, told: str) -> None:
    step = parse(answer(given))

    assert (step.plan, step.action, step.answer) == ("finish", "Finish", told)


@pytest.mark.parametrize("text", ["{'a': 1}", '{"a": 1} and more', '```{"a": 1}```', "", "[" * 100_000])
def test_what_is_not_json_alone_is_no_json(text: str) -> None:
    with pytest.raises(NotJsonError):
        read_json(text)
