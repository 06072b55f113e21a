"""What the mock server is told of tool use: what a knowing model does, and what judge and simulator say to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.toolbench.evaluator.static.agreement import compare
from adapters.toolbench.gold import read_gold
from hub.adapter import DatasetRequest, Evaluation, Gold, GoldCall
from hub.errors import PrerequisiteError
from tests.adapters.toolbench.agents import CITIES, GET_WEATHER, WEATHER, agent_evaluation, query, write_cache
from tests.adapters.toolbench.cases import ENDPOINT, GIVE_UP, TOOLS, answer, call, step

OSLO = call("weather", {"city": "Oslo"})


def steps(folder: Path, items: list[dict[str, Any]]) -> list[Gold]:
    (folder / "steps.json").write_text(json.dumps(items))
    request = DatasetRequest(name="static/own", label="mine", path=Path("/mine/steps.json"))
    data = {"/data/mine/steps.json": folder / "steps.json"}
    return list(read_gold(Evaluation("toolbench", ENDPOINT, (request,), seed=7), data))


def agents(folder: Path, asked: list[dict[str, Any]], of: Evaluation) -> list[Gold]:
    (folder / "queries.json").write_text(json.dumps(asked))
    cache = folder / "cache"
    places = {
        "/data/stable/own/queries.json": folder / "queries.json",
        "/data/.toolbench/cache": cache if cache.exists() else write_cache(cache),
    }
    return list(read_gold(of, places))


@pytest.mark.parametrize("target", [OSLO, answer("It is sunny there"), call("cities")])
def test_the_right_step_agrees_and_the_wrong_one_does_not(tmp_path: Path, target: str) -> None:
    (gold,) = steps(tmp_path, [step(target)])

    right = compare(target, gold.right, TOOLS)
    wrong = compare(target, gold.wrong[0], TOOLS)
    assert (right.plan, right.action in {None, True}, right.dropped) == (True, True, "")
    assert not (wrong.plan and wrong.action)
    assert wrong.hallucinated is False


def test_of_steps_that_end_alike_the_whole_conversation_tells(tmp_path: Path) -> None:
    told = {"role": "function", "name": "weather", "content": "{}"}
    items = [step(OSLO, "Oslo?"), step(GIVE_UP, "Rome?")]
    for item in items:
        item["messages"] += [{"role": "assistant", "content": OSLO}, told]

    first, second = steps(tmp_path, items)

    assert (first.prompt, second.prompt) == ("{}", "{}")
    assert first.conversation == ("Act.", "Oslo?", OSLO, "{}")
    assert second.conversation[1] == "Rome?"


def test_an_agent_calls_what_is_recorded_and_finishes_with_it(tmp_path: Path) -> None:
    of = agent_evaluation(judge=False, options={"judge": "none"}, shared={"cache": "/mine/cache"})

    (gold,) = agents(tmp_path, [query(1, "good")], of)

    assert gold.prompt.strip() == "good: weather?\nBegin!"
    assert gold.calls == (GoldCall(GET_WEATHER, '{"city": "Oslo"}'),)
    assert gold.answered_by == "Finish"
    assert json.loads(gold.right) == {"return_type": "give_answer", "final_answer": f'By {GET_WEATHER}: "rain"'}
    assert json.loads(gold.wrong[0])["final_answer"] == "I do not know."


def test_what_is_not_recorded_is_called_with_the_values_that_it_names(tmp_path: Path) -> None:
    days = {"name": "days", "type": "NUMBER", "description": "", "default": ""}
    api = {**WEATHER, "required_parameters": [*WEATHER["required_parameters"], days]}  # type: ignore[misc]

    clean, upstream = (
        agents(tmp_path, [query(1, "good", (api, CITIES))], agent_evaluation(**fields))
        for fields in (
            {"judge": False, "options": {"judge": "none"}},
            {"judge": False, "options": {"judge": "none", "compat": "upstream"}},
        )
    )

    assert json.loads(clean[0].calls[0].arguments) == {"city": "Oslo", "days": 1}
    assert clean[0].calls == upstream[0].calls


def test_the_judge_finds_the_right_answer_solved_and_the_wrong_one_unsolved(tmp_path: Path) -> None:
    gold, solved, unsolved = agents(tmp_path, [query(1, "good")], agent_evaluation(shared={"cache": "/mine/cache"}))

    assert gold.right in solved.prompt
    assert gold.wrong[0] in unsolved.prompt
    assert [json.loads(said.right)["answer_status"] for said in (solved, unsolved)] == ["Solved", "Unsolved"]
    assert {said.answered_by for said in (solved, unsolved)} == {"check_answer_status"}
    assert (solved.wrong, solved.id) == ((), gold.id)


def test_the_simulator_answers_what_is_not_recorded(tmp_path: Path) -> None:
    of = agent_evaluation(judge=False, simulator="url", options={"judge": "none", "api": "simulate"})

    simulated, gold = agents(tmp_path, [query(1, "good")], of)

    assert simulated.prompt.endswith('Input:\n{"city": "Oslo"}')
    assert json.loads(simulated.right) == {"error": "", "response": "what get_weather is asked for"}
    assert "what get_weather is asked for" in gold.right


def test_broken_data_are_a_prerequisite(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match=r"mine: steps\.json, item 1: target must be a text"):
        steps(tmp_path, [{"target": 1}])
