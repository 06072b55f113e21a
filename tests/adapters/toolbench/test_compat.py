"""What `compat: upstream` does as StableToolBench does, where the default is to do what is meant; a quirk a test.

Schemas of functions and names that merely end alike are in test_functions and test_virtual_server.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.toolbench.contract import Compat
from adapters.toolbench.evaluator.stable.cache import Cache
from adapters.toolbench.evaluator.stable.functions import Api, functions_of
from adapters.toolbench.evaluator.stable.names import standardize_category
from tests.adapters.toolbench.agents import GET_WEATHER, Run, answers, cached, calls, query, read, values, written
from tests.fakes.upstream import Body


def of(compat: Compat) -> Any:
    return cached(options={"judge": "none", "compat": compat})


def calling(name: str, arguments: object, **more: Any) -> Any:
    """Return an endpoint whose agent makes one call, then answers."""

    def answer(body: Body) -> dict[str, Any]:
        told = body["messages"][-1]["role"] == "tool"
        return answers("done") if told else {**calls((name, arguments)), **more}

    return answer


@pytest.mark.parametrize(("compat", "first"), [("upstream", "Thought"), ("clean", "Action")])
def test_an_empty_text_beside_a_call_is_a_thought(root: Path, run: Run, compat: Compat, first: str) -> None:
    run(of(compat), [query(1, "good")], calling(GET_WEATHER, {"city": "Oslo"}, content=""))

    assert written(root, 1)["trys"][0]["chain"][0]["node_type"] == first


@pytest.mark.parametrize(("compat", "shown"), [("upstream", "{city: Oslo"), ("clean", "{}")])
def test_arguments_are_shown_again_as_the_model_wrote_them(run: Run, compat: Compat, shown: str) -> None:
    asked = run(of(compat), [query(1, "good")], calling(GET_WEATHER, "{city: Oslo"))

    assert asked[1].json["messages"][2]["tool_calls"][0]["function"]["arguments"] == shown


@pytest.mark.parametrize(("compat", "hallucinated"), [("upstream", "0.0"), ("clean", "1.0")])
@pytest.mark.parametrize("name", ["", "sky_view"])
def test_a_name_that_merely_ends_so_is_taken(
    root: Path, run: Run, compat: Compat, hallucinated: str, name: str
) -> None:
    run(of(compat), [query(1, "good")], calling(name, {"city": "Oslo"}))

    (result,) = read(root, of(compat)).results
    assert values(result)["hallucinated_call_rate"] == float(hallucinated)


@pytest.mark.parametrize(("compat", "missed"), [("upstream", 1.0), ("clean", 0.0)])
def test_an_input_is_known_only_in_the_order_in_which_it_was_recorded(
    root: Path, run: Run, compat: Compat, missed: float
) -> None:
    run(of(compat), [query(1, "good")], calling(GET_WEATHER, {"days": 2, "city": "Rome"}))

    (result,) = read(root, of(compat)).results
    assert values(result)["cache_miss_rate"] == missed


def test_a_miss_is_the_failure_of_upstream_s_server(root: Path, run: Run) -> None:
    run(of("upstream"), [query(1, "good")], calling(GET_WEATHER, {"city": "Nowhere"}))

    step = written(root, 1)["trys"][0]["chain"][1]
    failure = {"error": "request invalid, data error. status_code=500", "response": ""}
    assert (json.loads(step["observation"]), step["observation_code"]) == (failure, 12)


def test_a_parameter_that_stands_twice_is_required_twice_and_a_null_is_an_example() -> None:
    parameter = {"name": "city", "type": "STRING", "description": "", "default": None}
    api = Api("Weather", "Sky", "Get", required=(parameter, parameter))

    upstream, clean = (
        functions_of([api], compat)[0].schema["function"]["parameters"] for compat in ("upstream", "clean")
    )

    assert upstream["required"] == ["", "city", "city"]
    assert upstream["properties"]["city"] == {"type": "string", "description": "", "example_value": None}
    assert clean["required"] == ["city"]
    assert clean["properties"]["city"] == {"type": "string", "description": ""}


@pytest.mark.parametrize("method", ["cot", "dfsdt"])
def test_neither_temperature_nor_seed_is_sent_unless_the_task_says_so(run: Run, method: str) -> None:
    for given, sent in (({}, None), ({"temperature": 0.0}, 0.0)):
        evaluation = cached(
            options={"judge": "none", "compat": "upstream", "method": method}, generation={"max_tokens": 9, **given}
        )

        body = run(evaluation, [query(1, "good")])[0].json

        assert (body.get("temperature"), body["max_tokens"], "seed" in body) == (sent, 9, False)


@pytest.mark.parametrize(
    ("text", "folder"),
    [("News, Media", "News_Media"), ("A, /B", "A__B"), ("Health and Fitness", "Health_and_Fitness")],
)
def test_a_category_is_a_folder_as_upstream_s_server_makes_it(text: str, folder: str) -> None:
    assert standardize_category(text) == folder


@pytest.mark.parametrize(
    ("tool", "api"),
    [
        ("sky_view", "today"),
        ("Sky View", "Today"),
        ("sky_view_for_Weather", "today"),
        ("sky_view", "today_for_sky_view"),
    ],
)
def test_names_are_found_with_what_upstream_s_server_takes_off(tmp_path: Path, tool: str, api: str) -> None:
    place = tmp_path / "Weather" / "sky_view_for_Weather"
    place.mkdir(parents=True)
    (place / "today.json").write_text('{"{}": {"error": "", "response": "rain"}}')

    found = Cache(tmp_path).find("Weather", tool, api, {})

    assert found is not None
    assert found.response == "rain"
