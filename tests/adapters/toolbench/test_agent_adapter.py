"""What is refused of an agent's data set, with its place; what the job is told, reads, and is expected to ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.toolbench.adapter import ADAPTER
from adapters.toolbench.translate import task_of
from hub.adapter import Estimator, Evaluation, SimulatorUser
from tests.adapters.toolbench.agents import agent_evaluation
from tests.adapters.toolbench.cases import evaluation

assert isinstance(ADAPTER, SimulatorUser)
assert isinstance(ADAPTER, Estimator)


COMMIT = "0123456789abcdef" * 2 + "01234567"


def published(**fields: Any) -> Evaluation:
    given = {"shared": {"published_cache": COMMIT}, **fields}
    return agent_evaluation(name="stable/G1_instruction", label="stable/G1_instruction", path=None, **given)


def refusals(of: Evaluation) -> list[tuple[str | int, ...]]:
    return [complaint.path for complaint in ADAPTER.complain(of) if complaint.refuses]


def test_a_judged_agent_is_taken() -> None:
    assert ADAPTER.complain(published()) == ()


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"method": "bfs"}, "method"),
        ({"width": 0}, "width"),
        ({"max_steps": 201}, "max_steps"),
        ({"source": "archive"}, "source"),
        ({"cache": "/mine"}, "cache"),
        ({"api": "simulate"}, "api"),
        ({"url": "http://h/virtual"}, "url"),
    ],
)
def test_an_option_that_cannot_be_had_is_refused_at_its_place(options: dict[str, Any], key: str) -> None:
    assert refusals(published(options=options)) == [("datasets", 0, "options", key)]


def test_without_a_judge_the_pass_rate_is_refused_unless_none_is_wanted() -> None:
    (found,) = ADAPTER.complain(published(judge=False))
    (told,) = ADAPTER.complain(published(judge=False, options={"judge": "none"}))

    assert (found.path, "judge: none" in found.message) == (("datasets", 0, "options", "judge"), True)
    assert (told.refuses, "no pass rate" in told.message) == (False, True)


@pytest.mark.parametrize(
    ("network", "url", "refused"),
    [
        ("none", "http://h:1/virtual", 1),
        ("bridge", "http://h:1/virtual", 0),
        ("bridge", "", 1),
        ("bridge", "http://me:secret@h:1/virtual", 1),
        ("host", "http://h:1/virtual?toolbench_key=secret", 1),
    ],
)
def test_a_server_of_the_user_s_needs_a_network_and_gets_no_key(network: str, url: str, refused: int) -> None:
    assert len(refusals(published(network=network, options={"api": "remote", "url": url}))) == refused


def test_where_nobody_answers_for_the_apis_it_is_warned_of() -> None:
    (found,) = ADAPTER.complain(published(shared={}))

    assert (found.path, found.refuses) == (("datasets", 0, "options", "api"), False)
    assert ADAPTER.complain(published(shared={"cache": "/mine"})) == ()
    assert ADAPTER.complain(published(shared={}, simulator="url", options={"api": "simulate"})) == ()


def test_a_win_rate_without_a_judge_is_refused() -> None:
    of = published(judge=False, options={"judge": "none"}, shared={"reference": "/mine"})

    assert refusals(of) == [("datasets", 0, "options", "judge")]


def test_own_queries_need_a_path() -> None:
    assert refusals(agent_evaluation(path=None)) == [("datasets", 0, "path")]


@pytest.mark.parametrize(
    "shared",
    [{"cache": "https://h/c"}, {"cache": "/a", "published_cache": COMMIT}, {"published_cache": "v2"}, {"more": 1}],
)
def test_an_option_of_the_evaluation_is_refused_at_its_place(shared: dict[str, Any]) -> None:
    (path,) = refusals(published(shared=shared))

    assert path[0] == "options"


def test_options_of_agents_are_refused_where_there_are_none() -> None:
    of = evaluation()

    assert [item.path for item in ADAPTER.complain(Evaluation(**{**vars(of), "options": {"method": "cot"}}))] == [
        ("options",)
    ]


def test_tries_at_temperature_0_are_warned_of() -> None:
    (found,) = ADAPTER.complain(published(options={"tries": 3}))

    assert (found.refuses, "temperature" in found.message) == (False, True)


def test_a_data_set_s_own_options_win_over_the_evaluation_s() -> None:
    (found,) = task_of(published(options={"width": 3}, shared={"width": 4, "method": "dfsdt"})).stable

    assert (found.method_name, found.rounds) == ("DFS_woFilter_w3", 3)


@pytest.mark.parametrize(
    ("options", "generation", "told"),
    [
        ({}, {}, {"temperature": 0.0, "max_tokens": 1024}),
        ({}, {"temperature": 0.5}, {"temperature": 0.5, "max_tokens": 1024, "seed": 7}),
        ({"compat": "upstream"}, {}, {"max_tokens": 1024, "frequency_penalty": 0, "presence_penalty": 0}),
    ],
)
def test_answers_are_greedy_unless_said_otherwise(
    options: dict[str, Any], generation: dict[str, Any], told: dict[str, Any]
) -> None:
    (found,) = task_of(published(options=options, generation=generation)).stable

    assert found.generation == told


def test_published_queries_are_of_one_commit() -> None:
    (asset,) = ADAPTER.assets(published(shared={}))

    commit = "aa4ed9f4737ad98bd706663f01d63623c3427812"
    assert (asset.hub, asset.unpack, asset.inside) == ("url", "tar", f"StableToolBench-{commit}")
    assert asset.patterns == ("solvable_queries/test_instruction/G1_instruction.json",)
    assert asset.location.endswith(f"{commit}.tar.gz")


def test_folders_of_the_user_s_are_shown_beside_the_data() -> None:
    places = {"cache": "/c", "tools": "/t", "reference": "/r.json", "upstream": "/u"}

    found = {asset.target: asset.location for asset in ADAPTER.assets(published(shared=places))}
    (told,) = task_of(published(shared=places, options={"prompts": "upstream"})).stable

    assert found == {
        "/data/stable/G1_instruction": "/u",
        "/data/.toolbench/cache": "/c",
        "/data/.toolbench/tools": "/t",
        "/data/.toolbench/reference.json": "/r.json",
    }
    assert (told.cache, told.reference, told.upstream) == (
        "/data/.toolbench/cache",
        "/data/.toolbench/reference.json",
        "/data/.toolbench/upstream",
    )


def test_recorded_answers_can_be_fetched() -> None:
    assets = ADAPTER.assets(published(shared={"published_cache": True}))

    assert [(asset.hub, asset.unpack) for asset in assets] == [("url", "tar"), ("url", "zip")]
    assert "/resolve/main/" in assets[1].location


def test_recorded_answers_of_a_commit_are_those_of_the_commit() -> None:
    assert f"/resolve/{COMMIT}/" in ADAPTER.assets(published())[1].location
    assert (
        task_of(published()).stable[0].published
        == task_of(published(shared={"published_cache": True})).stable[0].published
    )


def test_recorded_answers_without_a_commit_are_warned_of() -> None:
    (found,) = ADAPTER.complain(published(shared={"published_cache": True}))

    assert (found.path, found.refuses) == (("options", "published_cache"), False)
    assert "checksum of the first download" in found.message


@pytest.mark.parametrize(
    ("of", "judge", "simulator"),
    [
        (published(), True, False),
        (published(options={"judge": "none"}), False, False),
        (published(simulator="url", options={"api": "simulate"}), True, True),
        (published(options={"method": "bfs"}), False, False),
        (evaluation(), False, False),
    ],
)
def test_judge_and_simulator_are_asked_where_they_are_needed(of: Evaluation, judge: bool, simulator: bool) -> None:
    assert (ADAPTER.uses_judge(of), ADAPTER.uses_simulator(of)) == (judge, simulator)


def test_what_will_be_asked_is_estimated() -> None:
    of = published(limit=10, simulator="url", options={"api": "simulate", "method": "dfsdt"})

    found = {part.role: part for part in ADAPTER.estimate(of)}

    assert (found["candidate"].tokens, found["candidate"].most_calls) == (270_000, 2_000)
    assert (found["judge"].calls, found["judge"].most_calls) == (30, 180)
    assert found["simulator"].calls is None


def test_a_chain_asks_no_more_often_than_it_has_steps() -> None:
    (agent, _) = ADAPTER.estimate(published(limit=10, options={"tries": 3, "max_steps": 12}))

    assert agent.most_calls == 10 * 3 * 12


def test_of_own_data_nobody_knows_how_many_there_are() -> None:
    (agent, judge) = ADAPTER.estimate(agent_evaluation(path=Path("/mine/queries.json")))

    assert (agent.tokens, judge.calls) == (None, None)
