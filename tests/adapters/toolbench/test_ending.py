"""What a call of Finish means, readable or not."""

from __future__ import annotations

import pytest

from adapters.toolbench.evaluator.stable.ending import final_answer, finish

ANSWERED = '{"response":"successfully giving the final answer."}'
GAVE_UP = '{"response":"chose to give up and restart"}'
NO_TYPE = '{error:"must have "return_type""}'


@pytest.mark.parametrize(
    ("arguments", "observation", "code"),
    [
        ('{"return_type":"give_answer","final_answer":"y"}', ANSWERED, 3),
        ('{"return_type":"give_up_and_restart"}', GAVE_UP, 4),
        ('{"return_type":"give_answer"}', '{error:"must have "final_answer""}', 2),
        ("{}", NO_TYPE, 2),
        ('{"return_type":"maybe"}', '{error:""return_type" is not a valid choice"}', 2),
        ('{"return_type": "give_answer", "final_answer": "one\ntwo"}', ANSWERED, 3),
        ('{"return_type": "give_answer", "final_answer": "cut off', ANSWERED, 3),
        ('{"return_type": "give_up_and_restart", what', GAVE_UP, 4),
        ("no json", NO_TYPE, 2),
        ("", NO_TYPE, 2),
        ("[1]", NO_TYPE, 2),
        ("[" * 100_000, NO_TYPE, 2),
    ],
)
def test_a_call_of_finish_has_its_code(arguments: str, observation: str, code: int) -> None:
    assert finish(arguments)[:2] == (observation, code)


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ('{"return_type":"give_answer","final_answer":"y"}', "y"),
        ('{"return_type":"give_answer","final_answer":{"a":1}}', '{"a": 1}'),
        ('{"return_type": "give_answer", "final_answer": "cut off', "cut off"),
        ("no json", ""),
    ],
)
def test_the_answer_is_what_stands_there(arguments: str, answer: str) -> None:
    assert final_answer(arguments) == answer
