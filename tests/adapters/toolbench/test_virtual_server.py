"""The virtual API server keeps its contract, and an agent's calls come to the codes that they should."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.runtime import gateway
from adapters.toolbench.evaluator.ask import Model, Reply
from adapters.toolbench.evaluator.stable import server
from adapters.toolbench.evaluator.stable.cache import Cache
from adapters.toolbench.evaluator.stable.environment import Environment, matched, read_answer
from adapters.toolbench.evaluator.stable.functions import Api, Function, functions_of
from adapters.toolbench.evaluator.stable.server import VirtualApis, VirtualServer
from adapters.toolbench.evaluator.stable.simulate import GENERATION, LostError, Simulator, read
from tests.adapters.toolbench.agents import GET_WEATHER, write_cache
from tests.fakes.upstream import FakeUpstream, Fault

CATEGORY, TOOL, API = "Weather, Daily", "sky_view", "get_weather"
FIELDS = {
    "category": CATEGORY,
    "tool_name": TOOL,
    "api_name": API,
    "tool_input": {"city": "Oslo"},
    "strip": "truncate",
    "toolbench_key": "secret",
}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(write_cache(tmp_path / "cache"))


@pytest.fixture
def url(cache: Cache) -> Iterator[str]:
    with VirtualServer(VirtualApis(cache, None, lambda *_: "")) as served:
        yield served.url


def post(url: str, body: object) -> tuple[int, Any, str]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, raw, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.load(response), response.headers[server.ORIGIN_HEADER]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error), error.headers.get(server.ORIGIN_HEADER, "")


@pytest.mark.parametrize("given", [{"city": "Oslo"}, '{"city": "Oslo"}'])
def test_a_recorded_answer_is_found(url: str, given: object) -> None:
    assert post(url, {**FIELDS, "tool_input": given}) == (200, {"error": "", "response": "rain"}, server.EXACT)


def test_the_same_input_in_another_order_is_found_and_flagged(url: str) -> None:
    status, body, origin = post(url, {**FIELDS, "tool_input": {"days": 2, "city": "Rome"}})

    assert (status, body["response"], origin) == (200, {"days": ["sun", "sun"]}, server.REORDERED)


def test_another_type_is_another_input(url: str) -> None:
    assert post(url, {**FIELDS, "tool_input": {"days": "2", "city": "Rome"}})[::2] == (500, server.MISSED)


@pytest.mark.parametrize("given", ["{city: Oslo}", "[1]", 3, None])
def test_input_that_is_no_object_is_said_to_be_so(url: str, given: object) -> None:
    status, body, _ = post(url, {**FIELDS, "tool_input": given})

    assert (status, body) == (200, {"error": "Tool input parse error...\n", "response": ""})


@pytest.mark.parametrize("name", FIELDS)
def test_a_request_without_a_field_is_refused(url: str, name: str) -> None:
    status, body, _ = post(url, {key: value for key, value in FIELDS.items() if key != name})

    assert (status, body) == (422, {"detail": f"missing: {name}"})


@pytest.mark.parametrize("body", [b"no json", b"[]"])
def test_what_is_no_request_is_refused(url: str, body: bytes) -> None:
    assert post(url, body)[0] == 422


def test_another_path_is_refused(url: str) -> None:
    assert post(f"{url}/more", FIELDS)[0] == 404


@pytest.mark.parametrize("category", ["..", "../Weather_Daily", "/etc", "\0", ""])
def test_no_name_leads_out_of_the_cache(cache: Cache, category: str) -> None:
    assert cache.find(category, TOOL, API, {"city": "Oslo"}) is None


@pytest.mark.parametrize("text", ["{", "[]", '{"{}": 3}', '{"{}": {"error": "x"}}'])
def test_a_broken_file_of_the_cache_is_no_answer(tmp_path: Path, text: str) -> None:
    cache = Cache(write_cache(tmp_path / "cache"))
    (tmp_path / "cache/Weather_Daily/sky_view_for_Weather_Daily/cities.json").write_text(text)

    assert cache.find(CATEGORY, TOOL, "cities", {}) is None


def test_a_fingerprint_is_that_of_the_answers_that_can_be_had(tmp_path: Path) -> None:
    folder = write_cache(tmp_path / "cache")
    place = (CATEGORY, TOOL, API)
    known = Cache(folder).fingerprint([place, place])

    (folder / "Weather_Daily/sky_view_for_Weather_Daily/cities.json").write_text("{}")
    assert Cache(folder).fingerprint([place]) == known
    (folder / "Weather_Daily/sky_view_for_Weather_Daily/get_weather.json").write_text("{}")
    assert Cache(folder).fingerprint([place]) not in {known, "none"}
    assert Cache(folder).fingerprint([("..", TOOL, API), ("Else", TOOL, API)]) == "none"


def environment(url: str, **fields: Any) -> Environment:
    apis = [Api("Weather, Daily", "Sky View", name) for name in ("Get Weather", "Cities")]
    known = {"functions": functions_of(apis, "clean"), "url": url, "compat": "clean", "limit": 1024, "timeout_s": 10}
    return Environment(**{"sample": "1", **known, **fields})


def test_a_call_brings_what_the_server_answers(url: str) -> None:
    assert environment(url).step(GET_WEATHER, '{"city": "Oslo"}') == (
        '{"error": "", "response": "rain"}',
        0,
        server.EXACT,
    )


def test_a_miss_is_a_failed_call(url: str) -> None:
    found = environment(url).step(GET_WEATHER, '{"city": "Paris"}')

    assert found == ('{"error": "request invalid, data error. status_code=500", "response": ""}', 12, server.MISSED)


def test_an_unknown_function_is_not_asked_for(url: str) -> None:
    found = environment(url).step("get_snow", "{}")

    assert found == ('{"error": "No such function name: get_snow", "response": ""}', 1, "")


def test_an_observation_is_cut(url: str) -> None:
    assert environment(url, limit=9).step(GET_WEATHER, '{"city": "Oslo"}').observation == '{"error":...'


def test_a_server_that_is_not_there_is_no_fault_of_the_model() -> None:
    with pytest.raises(LostError, match=r"http://127\.0\.0\.1:9/virtual does not answer"):
        environment("http://127.0.0.1:9/virtual").step(GET_WEATHER, "{}")


@pytest.mark.parametrize(
    ("name", "tool"), [("search_for_b", "b"), ("b", "b"), ("", "a"), ("search", None), ("SEARCH_for_a", None)]
)
def test_upstream_takes_the_first_function_whose_name_ends_so(name: str, tool: str | None) -> None:
    functions = [Function(f"search_for_{tool}", {}, "", tool, "search") for tool in ("a", "b")]

    found = matched(name, functions, "upstream")

    assert (found.tool if found else None) == tool


def test_clean_takes_a_name_as_it_is() -> None:
    functions = [Function("search_for_a", {}, "", "a", "search")]

    assert matched("for_a", functions, "clean") is None
    assert matched("search_for_a", functions, "clean") is functions[0]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("", 0),
        ("API not working error...", 6),
        ("Unauthorized error...", 7),
        ("Unsubscribed error...", 8),
        ("Too many requests error...", 9),
        ("Rate limit per minute error...", 10),
        ("Message error...", 11),
        ("Tool input parse error...\n", 0),
        ("anything", 0),
        (["a list"], 0),
    ],
)
def test_an_error_of_the_api_has_its_code(error: object, code: int) -> None:
    assert read_answer(json.dumps({"error": error, "response": ""}).encode(), "").code == code


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b'{"response": 1}'])
def test_what_is_no_answer_is_a_failed_call(raw: bytes) -> None:
    assert read_answer(raw, "").code == 12


@pytest.fixture
def simulated(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, FakeUpstream]]:
    monkeypatch.setattr(gateway, "WAITS_S", ())
    with FakeUpstream(answer=lambda _: '{"error": "", "response": "made up"}') as upstream:
        monkeypatch.setenv("EVALDOCK_GATEWAY", upstream.base_url.removesuffix("/v1"))
        simulator = Simulator(Model("simulator", "d", GENERATION, 10))
        with VirtualServer(VirtualApis(cache, simulator, lambda *place: f"all about {place[-1]}")) as served:
            yield served.url, upstream


def test_what_is_not_recorded_is_simulated_once_a_query(simulated: tuple[str, FakeUpstream]) -> None:
    url, upstream = simulated

    found = [environment(url, sample=sample).step(GET_WEATHER, '{"city": "Paris"}') for sample in "112"]

    assert {step.observation for step in found} == {'{"error": "", "response": "made up"}'}
    assert [request.headers["x-evaldock-sample"] for request in upstream.requests] == ["1", "2"]
    asked = upstream.requests[0].json["messages"][1]["content"]
    assert all(word in asked for word in ("all about get_weather", "rain", '{"city": "Paris"}'))


def test_a_recorded_answer_is_never_simulated(simulated: tuple[str, FakeUpstream]) -> None:
    url, upstream = simulated

    environment(url).step(GET_WEATHER, '{"city": "Oslo"}')

    assert upstream.requests == []


@pytest.mark.parametrize("said", ["no json", "[]", '{"error": ""}', '{"response": 1}', '{"error": 1, "response": 1}'])
def test_a_simulation_of_another_form_is_none(simulated: tuple[str, FakeUpstream], said: str) -> None:
    url, upstream = simulated
    upstream.answer = lambda _: said

    found = environment(url).step(GET_WEATHER, '{"city": "Paris"}')

    assert read(said) is None
    assert len(upstream.requests) == 3
    assert found == ('{"error": "Failed to generate fake response", "response": ""}', 0, server.UNSIMULATED)


@pytest.mark.parametrize("fault", ["503", "401", "close"])
def test_a_simulator_that_cannot_be_asked_is_no_answer_of_the_api(
    simulated: tuple[str, FakeUpstream], fault: Fault
) -> None:
    url, upstream = simulated
    upstream.fault = fault

    with pytest.raises(LostError, match=r"^the simulator did not answer: [^{]+$") as lost:
        environment(url).step(GET_WEATHER, '{"city": "Paris"}')

    assert lost.value.state == "infra_error"


class _Spent(Model):
    """A model whose budget is spent."""

    def __init__(self) -> None: ...

    def ask(self, *_: object) -> Reply:
        return Reply("skipped", error="the budget is spent")


def test_a_budget_that_is_spent_in_the_simulator_skips_the_query(cache: Cache) -> None:
    apis = VirtualApis(cache, Simulator(_Spent()), lambda *_: "")

    with VirtualServer(apis) as served, pytest.raises(LostError, match="the budget is spent") as lost:
        environment(served.url).step(GET_WEATHER, '{"city": "Paris"}')

    assert lost.value.state == "skipped"
