"""Answer files as StableToolBench writes them, and as ToolEval reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.adapters.toolbench.agents import (
    GET_WEATHER,
    LIST_CITIES,
    OUT,
    Run,
    answers,
    cached,
    calls,
    query,
    written,
)
from tests.fakes.upstream import Body


def test_an_answer_file_is_stabletoolbench_s(root: Path, run: Run) -> None:
    run(cached(options={"judge": "none"}), [query(31, "good")])

    found = written(root, 31)
    generation = found["answer_generation"]
    (chain,) = [part["chain"] for part in found["trys"]]
    assert (found["win"], found["try_count"], generation["query_count"]) == (True, 1, 2)
    assert [step["node_type"] for step in chain] == ["Thought", "Action", "Action Input", "Action", "Action Input"]
    assert chain[2] == {
        "is_terminal": False,
        "pruned": False,
        "finished": True,
        "depth": 3,
        "node_type": "Action Input",
        "description": '{"city": "Oslo"}',
        "Elo": 1000.0,
        "observation": '{"error": "", "response": "rain"}',
        "observation_code": 0,
        "child_count": 1,
        "expand_num": 0,
        "io_state": {},
    }
    assert json.loads(generation["final_answer"])["return_type"] == "give_answer"
    assert [conversation[-1]["role"] for conversation in generation["train_messages"]] == ["assistant"] * 2
    assert found["compare_candidates"] == [chain]


def test_converted_answers_are_tooleval_s(root: Path, run: Run) -> None:
    run(cached(options={"judge": "none"}), [query(31, "good"), query(32, "never")])

    found = json.loads((root / OUT / "converted.json").read_text())
    answer, step, roles = found["31"]["answer"], found["31"]["answer"]["answer_details"], []
    while step:
        roles.append(step[0]["role"])
        last, step = step[0], step[0]["next"]
    assert (answer["method"], answer["total_steps"], roles) == ("CoT@1", 4, ["system", "user", "tool", "tool"])
    assert (last["message"]["name"], last["message"]["response"]) == ("Finish", "")
    assert (found["32"]["answer"]["final_answer"], found["32"]["answer"]["total_steps"]) == ("", 52)


def test_every_call_keeps_what_it_brought_where_ids_are_used_again(root: Path, run: Run) -> None:
    """Some servers number the calls of each message anew, or give them no id at all."""
    ways = ({"tool_calls": calls((LIST_CITIES, {}), (GET_WEATHER, {"city": "Oslo"}))["tool_calls"]}, answers("rain"))

    def agent(body: Body) -> dict[str, Any]:
        seen = [message for message in body["messages"] if message["role"] == "tool"]
        said = json.loads(json.dumps(ways[len(seen) // 2]))
        for call in said["tool_calls"]:
            call["id"] = "the same"
        return dict(said)

    run(cached(options={"judge": "none"}), [query(31, "good")], agent)

    (step,), brought = json.loads((root / OUT / "converted.json").read_text())["31"]["answer"]["answer_details"], []
    while step["next"]:
        (step,) = step["next"]
        if step["role"] == "tool":
            brought.append(step["message"]["response"])
    assert brought == ['{"error": "", "response": ["Oslo", "Rome"]}', '{"error": "", "response": "rain"}', ""]
