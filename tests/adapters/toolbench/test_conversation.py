"""What a model is asked and shown of its calls, and that a query ends whatever it answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.report import SampleState
from tests.adapters.toolbench.agents import GET_WEATHER, GIVES_UP, Run, answers, cached, calls, query, read, written
from tests.fakes.upstream import Body


def test_every_request_of_a_query_carries_its_name_and_the_tools(run: Run) -> None:
    asked = run(cached(options={"judge": "none"}), [query(31, "good")])

    assert [request.headers["x-evaldock-sample"] for request in asked] == ["31", "31"]
    body = asked[1].json
    assert (body["temperature"], body["max_tokens"], "seed" in body) == (0.0, 1024, False)
    assert [tool["function"]["name"] for tool in body["tools"]] == [GET_WEATHER, "cities_for_sky_view", "Finish"]
    said, told = body["messages"][2:]
    assert (said["role"], said["content"], said["tool_calls"][0]["id"]) == ("assistant", "I ask.", "id-0")
    assert told == {
        "role": "tool",
        "name": GET_WEATHER,
        "content": '{"error": "", "response": "rain"}',
        "tool_call_id": "id-0",
    }


def test_upstream_asks_as_stabletoolbench_does(run: Run) -> None:
    asked = run(cached(options={"judge": "none", "compat": "upstream"}), [query(31, "good")])

    body = asked[0].json
    assert {"temperature", "seed"} & set(body) == set()
    assert (body["max_tokens"], body["frequency_penalty"], body["presence_penalty"]) == (1024, 0, 0)
    assert body["tools"][0]["function"]["parameters"]["required"] == ["", "city"]


def test_an_unknown_function_is_renamed_in_what_is_shown_again(run: Run) -> None:
    asked = run(cached(options={"judge": "none"}), [query(31, "unknown")])

    said, told = asked[1].json["messages"][2:]
    name = "invalid_hallucination_function_name"
    assert (said["tool_calls"][0]["function"]["name"], told["name"]) == (name, name)


def test_broken_arguments_are_an_error_of_the_call_and_shown_as_none(run: Run) -> None:
    asked = run(cached(options={"judge": "none"}), [query(31, "broken")])

    said, told = asked[1].json["messages"][2:]
    assert said["tool_calls"][0]["function"]["arguments"] == "{}"
    assert "parse error" in told["content"]


def test_parallel_calls_are_made_in_their_order(root: Path, run: Run) -> None:
    asked = run(cached(options={"judge": "none"}), [query(31, "parallel")])

    messages = asked[1].json["messages"]
    (chain,) = [part["chain"] for part in written(root, 31)["trys"]]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "tool", "tool"]
    assert [message["tool_call_id"] for message in messages[3:]] == ["id-0", "id-1"]
    assert [step["node_type"] for step in chain] == ["Action", "Action Input"] * 3


def test_no_query_asks_more_often_than_it_may(run: Run) -> None:
    for method in ("cot", "dfsdt"):
        assert len(run(cached(options={"method": method, "max_calls": 3}), [query(31, "never")])) == 3


def test_hostile_texts_are_texts(root: Path, run: Run) -> None:
    mark = root / "mark"
    code = f"__import__('pathlib').Path({str(mark)!r}).write_text('x')"
    place = root / "data/.toolbench/cache/Weather_Daily/sky_view_for_Weather_Daily/get_weather.json"
    entry = {"error": code, "response": f"<script>{code}</script>"}
    place.write_text(json.dumps({code: entry, str({"city": code}): entry, f"{{'city': {code}}}": entry}))
    asked = query(31, "good")
    asked["api_list"][0] = {**asked["api_list"][0], "template_response": code, "api_description": code}

    def hostile(body: Body) -> dict[str, Any]:
        if body["messages"][-1]["role"] == "tool":
            return answers(code)
        return calls((code, code), (GET_WEATHER, code), (GET_WEATHER, {"city": code}))

    of = cached(options={"judge": "none"})
    run(of, [asked], hostile)

    (sample,) = read(root, of).samples
    assert not mark.exists()
    assert (sample.answer, sample.state) == (code, SampleState.SCORED)
    assert f"<script>{code}</script>" in sample.prompt[-4]["content"]


@pytest.mark.parametrize(
    "said",
    [
        GIVES_UP,
        {"function_call": {"name": "Finish", "arguments": {}}},
        {"content": ""},
        {"content": "\ud800", "tool_calls": "none"},
        {"content": [{"type": "text", "text": "parts"}], "tool_calls": [None, {"function": 3}, {}]},
        calls((GET_WEATHER, "[" * 5000 + "]" * 5000), (GET_WEATHER, '{"city": ' + "9" * 5000 + "}")),
        calls(*[(GET_WEATHER, {"city": "\udc00"})] * 3000),
        calls((GET_WEATHER, '{"a":' * 900 + "1" + "}" * 900)),
        answers("\ud800\x00"),
    ],
)
@pytest.mark.parametrize("method", ["cot", "dfsdt"])
def test_whatever_a_model_answers_a_query_ends(root: Path, run: Run, said: dict[str, Any], method: str) -> None:
    of = cached(options={"judge": "none", "max_steps": 7, "max_calls": 9, "method": method})

    run(of, [query(31, "good")], lambda _: said)

    assert [sample.state for sample in read(root, of).samples] == [SampleState.SCORED]
