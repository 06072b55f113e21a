"""Queries, recorded answers and an endpoint that is agent, judge and simulator; and what came of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from adapters.toolbench.adapter import ADAPTER
from hub.adapter import DatasetRequest, Evaluation, Normalized
from hub.report import Result
from tests.adapters.toolbench.cases import ENDPOINT
from tests.fakes.upstream import Body, Request

OUT = "job/output/stable%2Fown"
Run = Callable[..., list[Request]]
WEATHER = {
    "category_name": "Weather, Daily",
    "tool_name": "Sky View",
    "api_name": "Get Weather",
    "api_description": "Get Weather of a city",
    "required_parameters": [{"name": "city", "type": "STRING", "description": "its name", "default": "Oslo"}],
    "optional_parameters": [{"name": "days", "type": "NUMBER", "description": "how many", "default": ""}],
    "method": "GET",
}
CITIES = {
    **WEATHER,
    "api_name": "Cities",
    "api_description": "",
    "required_parameters": [],
    "optional_parameters": [],
}
GET_WEATHER, LIST_CITIES = "get_weather_for_sky_view", "cities_for_sky_view"
KINDS = ("good", "unknown", "never", "parallel", "broken", "gives-up")


def query(number: int, kind: str, apis: tuple[Mapping[str, Any], ...] = (WEATHER, CITIES)) -> dict[str, Any]:
    """Return a query that the agent below works on in the way of its kind."""
    relevant = [[api["tool_name"], api["api_name"]] for api in apis]
    return {"query_id": number, "query": f"{kind}: weather?", "api_list": list(apis), "relevant APIs": relevant}


def queries() -> list[dict[str, Any]]:
    """Return one query of each kind."""
    return [query(number, kind) for number, kind in enumerate(KINDS, start=10)]


def write_cache(folder: Path) -> Path:
    """Write what the weather API answered: to Oslo alone, and to two parameters in their order."""
    place = folder / "Weather_Daily" / "sky_view_for_Weather_Daily"
    place.mkdir(parents=True)
    entries = {
        str({"city": "Oslo"}): {"error": "", "response": "rain"},
        str({"city": "Rome", "days": 2}): {"error": "", "response": {"days": ["sun", "sun"]}},
    }
    (place / "get_weather.json").write_text(json.dumps(entries))
    (place / "cities.json").write_text(json.dumps({"{}": {"error": "", "response": ["Oslo", "Rome"]}}))
    return folder


def agent_evaluation(*, judge: bool = True, simulator: str = "", network: Any = "none", **fields: Any) -> Evaluation:
    """Return an evaluation of one data set of an agent."""
    shared = fields.pop("shared", {})
    given = {"name": "stable/own", "label": "stable/own", "path": Path("/mine/queries.json"), **fields}
    return Evaluation(
        "toolbench",
        ENDPOINT,
        (DatasetRequest(**given),),
        seed=7,
        judge=judge,
        simulator=simulator,
        network=network,
        options=shared,
    )


def calls(*made: tuple[str, object]) -> dict[str, Any]:
    """Return a message that calls functions; arguments that are no text are written as JSON."""
    return {
        "tool_calls": [
            {
                "id": f"id-{number}",
                "type": "function",
                "function": {
                    "name": name,
                    "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments),
                },
            }
            for number, (name, arguments) in enumerate(made)
        ]
    }


def answers(text: str) -> dict[str, Any]:
    """Return a message that ends with an answer."""
    return calls(("Finish", {"return_type": "give_answer", "final_answer": text}))


GIVES_UP = calls(("Finish", {"return_type": "give_up_and_restart"}))


def agent(body: Body) -> str | dict[str, Any]:
    """Answer as an agent whose ways are named by the first word of its question."""
    messages = body["messages"]
    kind = messages[1]["content"].strip().partition(":")[0]
    seen = [message["content"] for message in messages if message["role"] == "tool"]
    again = messages[-1]["role"] == "user" and len(messages) > 2
    if kind == "never":
        return "Let me think about that."
    if kind == "gives-up" and not again and not seen:
        return GIVES_UP
    if seen:
        return answers(f"It is so: {seen[-1]}")
    first: Mapping[str, dict[str, Any]] = {
        "unknown": calls(("get_snow", {"city": "Oslo"})),
        "parallel": calls((LIST_CITIES, {}), (GET_WEATHER, {"days": 2, "city": "Rome"})),
        "broken": calls((GET_WEATHER, "{city: Oslo")),
    }
    return first.get(kind) or {"content": "I ask.", **calls((GET_WEATHER, {"city": "Oslo"}))}


def judge(body: Body) -> dict[str, Any]:
    """Judge: what tells of rain is Solved, of days Unsure at first sight, all else Unsolved; choose the first."""
    text, name = body["messages"][0]["content"], body["tool_choice"]["function"]["name"]
    if name == "select_better_answer":
        return calls((name, {"index": 0, "reason": "it stands first"}))
    status = "Solved" if "rain" in text or name == "parse_answer_status" else "Unsolved"
    status = "Unsure" if "days" in text and name == "check_answer_status" else status
    return calls((name, {"answer_status": status, "reason": "so it is"}))


def endpoint(body: Body) -> str | dict[str, Any]:
    """Answer as whoever is asked: judge, simulator or agent."""
    if "tool_choice" in body:
        return judge(body)
    if "response_format" in body:
        return json.dumps({"error": "", "response": "simulated rain"})
    return agent(body)


def cached(**fields: Any) -> Evaluation:
    """Return an evaluation with recorded answers."""
    return agent_evaluation(shared={"cache": "/mine/cache", **fields.pop("shared", {})}, **fields)


def read(root: Path, of: Evaluation) -> Normalized:
    """Return what is read from a job's output."""
    return ADAPTER.normalize(of, root / "job/output")


def values(result: Result) -> dict[str, float | str | None]:
    """Return metric -> value, or its literal where it has no maximum."""
    return {metric.name: metric.raw.literal if metric.value is None else metric.value for metric in result.metrics}


def written(root: Path, number: int, method: str = "CoT@1") -> dict[str, Any]:
    """Return a query's answer file."""
    found: dict[str, Any] = json.loads((root / OUT / "answers" / f"{number}_{method}.json").read_text())
    return found
