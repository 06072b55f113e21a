"""An agent against an endpoint, from the task to the report; deterministic, resumable, and nothing is ever run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.runtime import gateway
from adapters.toolbench.adapter import ADAPTER
from adapters.toolbench.runner import __main__ as runner
from adapters.toolbench.runner.stable.queries import Query
from adapters.toolbench.runner.stable.work import Outcome, Worker
from hub.adapter import Evaluation, Normalized
from hub.report import Counts, JobState, Result, SampleState, job_state
from tests.adapters.toolbench.agents import (
    GET_WEATHER,
    GIVES_UP,
    KINDS,
    agent_evaluation,
    answers,
    calls,
    endpoint,
    queries,
    query,
    write_cache,
)
from tests.fakes.upstream import Answer, Body, FakeUpstream, Request

OUT = "job/output/stable%2Fown"
Run = Callable[..., list[Request]]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("input", "output"):
        (tmp_path / "job" / folder).mkdir(parents=True)
    write_cache(tmp_path / "data/.toolbench/cache")
    monkeypatch.setenv("EVALDOCK_ROOT", str(tmp_path))
    monkeypatch.setattr(gateway, "WAITS_S", ())
    return tmp_path


@pytest.fixture
def run(root: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(of: Evaluation, asked: list[dict[str, Any]], answer: Answer = endpoint, **more: Any) -> list[Request]:
        (root / "data/stable/own").mkdir(parents=True, exist_ok=True)
        (root / "data/stable/own/queries.json").write_text(json.dumps(asked))
        for name, text in ADAPTER.translate(of).items():
            (root / "job/input" / name).write_text(text)
        with FakeUpstream(answer=answer, **more) as upstream:
            monkeypatch.setenv("EVALDOCK_GATEWAY", upstream.base_url.removesuffix("/v1"))
            runner.main()
        return upstream.requests

    return run


def cached(**fields: Any) -> Evaluation:
    return agent_evaluation(shared={"cache": "/mine/cache", **fields.pop("shared", {})}, **fields)


def read(root: Path, of: Evaluation) -> Normalized:
    return ADAPTER.normalize(of, root / "job/output")


def values(result: Result) -> dict[str, float | str | None]:
    return {metric.name: metric.raw.literal if metric.value is None else metric.value for metric in result.metrics}


def written(root: Path, number: int, method: str = "CoT@1") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / OUT / "answers" / f"{number}_{method}.json").read_text())
    return found


def test_every_query_is_worked_on_and_judged(root: Path, run: Run) -> None:
    of = cached(options={"max_steps": 9})

    run(of, queries())

    (result,) = read(root, of).results
    found = values(result)
    assert result.metrics[0].name == "sopr"
    # good, unknown (then an answer), parallel (Unsure, then Solved), broken; never and gives-up have no answer.
    assert found["sopr"] == pytest.approx(2 / 6)
    assert (found["sopr_std"], found["finish_rate"], found["give_up_rate"]) == (0.0, pytest.approx(4 / 6), 1 / 6)
    assert found["hallucinated_call_rate"] == pytest.approx(1 / 5)
    assert (found["cache_miss_rate"], found["synthetic_tools"], found["reordered_hits"]) == (0.0, "6", "1")
    assert (result.counts.planned, result.counts.scored, job_state((result,))) == (6, 6, JobState.SUCCEEDED)


def test_the_key_says_what_decides_the_figures(root: Path, run: Run) -> None:
    of = cached(options={"method": "dfsdt", "rounds": 2})

    run(of, queries()[:1])

    (result,) = read(root, of).results
    assert result.key.scoring == (
        "DFS_woFilter_w2; 50 steps, 200 calls, 1024 characters at most; functions clean, APIs cache, prompts own; "
        "tools synthetic; judged 2 times"
    )
    assert (result.key.benchmark, result.key.prompt[:7], result.key.data[:7]) == (
        "toolbench/stable/own",
        "sha256:",
        "sha256:",
    )


@pytest.mark.parametrize("method", ["cot", "dfsdt"])
def test_two_runs_are_the_same_to_the_byte(root: Path, run: Run, method: str) -> None:
    of = cached(options={"method": method, "max_steps": 6, "max_calls": 20})
    names = ("converted.json", "judgements.jsonl", "metrics.json", "answers")

    def texts() -> list[str]:
        files = sorted(path for name in names for path in [root / OUT / name, *(root / OUT / name).glob("*.json")])
        return [path.read_text() for path in files if path.is_file()]

    run(of, queries())
    first = texts()
    run(of, queries())

    assert len(first) == 3 + len(KINDS)
    assert texts() == first


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


def test_a_chain_that_never_finishes_ends_at_its_longest(root: Path, run: Run) -> None:
    asked = run(cached(options={"max_steps": 4}), [query(31, "never")])

    found = written(root, 31)
    assert len(asked) == 4  # and the judge is not asked
    assert (found["win"], found["answer_generation"]["valid_data"]) == (False, False)
    assert found["trys"][0]["chain"][-1]["pruned"]


def test_no_query_asks_more_often_than_it_may(run: Run) -> None:
    for method in ("cot", "dfsdt"):
        assert len(run(cached(options={"method": method, "max_calls": 3}), [query(31, "never")])) == 3


def test_several_tries_have_seeds_of_their_own(root: Path, run: Run) -> None:
    of = cached(options={"tries": 3, "judge": "none"}, generation={"temperature": 0.5})

    asked = run(of, [query(31, "gives-up")])

    assert [request.json["seed"] for request in asked] == [7, 8, 9]
    assert written(root, 31, "CoT@3")["try_count"] == 3


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


def test_a_tree_is_left_by_the_first_answer(root: Path, run: Run) -> None:
    asked = run(cached(options={"method": "dfsdt", "judge": "none"}), [query(31, "good")])

    found = written(root, 31, "DFS_woFilter_w2")
    assert (len(asked), found["win"], found["tree"]["size"], found["tree"]["max_length"]) == (2, True, 6, 6)
    assert found["answer_generation"]["finish_type"] == "give_answer"


def test_a_later_child_is_told_of_the_earlier_ones_once(root: Path, run: Run) -> None:
    """The root's first child gives up, which goes back two calls: past the root, so that nothing is left."""
    asked = run(cached(options={"method": "dfsdt", "judge": "none"}), [query(31, "gives-up")])

    found = written(root, 31, "DFS_woFilter_w2")
    assert (len(asked), found["answer_generation"]["finish_type"]) == (1, "give_up")


def test_after_a_step_that_leads_nowhere_another_one_is_asked_for(root: Path, run: Run) -> None:
    def wavering(body: Body) -> str | dict[str, Any]:
        seen = [message for message in body["messages"] if message["role"] == "tool"]
        told = body["messages"][-1]
        if told["role"] == "user" and len(body["messages"]) > 2:
            assert '"name": "get_weather_for_sky_view"' in told["content"] or "Finish" in told["content"]
            return answers("found")
        return calls((GET_WEATHER, {"city": "Oslo"})) if not seen else "Hm."

    asked = run(cached(options={"method": "dfsdt", "judge": "none", "max_steps": 2}), [query(31, "good")], wavering)

    found = written(root, 31, "DFS_woFilter_w2")
    first, second = found["tree"]["tree"]["children"]
    assert (len(asked), found["win"], found["tree"]["tree"]["child_count"]) == (2, True, 2)
    assert (first["children"][0]["pruned"], second["children"][0]["observation_code"]) == (True, 3)
    assert [message["role"] for message in asked[1].json["messages"]] == ["system", "user", "user"]


def test_branches_of_a_tree_are_told_apart(root: Path, run: Run) -> None:
    of = cached(options={"method": "dfsdt", "judge": "none", "max_steps": 2})

    run(of, [query(31, "good")], lambda body: answers("x") if len(body["messages"]) > 2 else calls((GET_WEATHER, {})))

    (sample,) = read(root, of).samples
    assert [turn["content"][:30] for turn in sample.prompt[2:] if turn["role"] == "assistant"] == [
        "[branch 1, not on the way to t",
        '[branch 2] Finish({"return_typ',
    ]


def test_a_course_is_readable_turns(root: Path, run: Run) -> None:
    of = cached(options={"judge": "none"})
    run(of, [query(31, "unknown")])

    (sample,) = read(root, of).samples
    assert [(turn["role"], turn["content"][:20], turn.get("code")) for turn in sample.prompt[2:]] == [
        ("assistant", 'get_snow({"city": "O', None),
        ("tool", '{"error": "No such f', 1),
        ("assistant", 'Finish({"return_type', None),
        ("tool", '{"response":"success', 3),
        ("summary", "2 requests to the mo", None),
    ]
    assert sample.answer is not None
    assert sample.answer.startswith("It is so: ")


def test_what_the_judge_said_stands_below_the_course(root: Path, run: Run) -> None:
    of = cached(options={"rounds": 2})
    run(of, [query(31, "good")])

    (sample,) = read(root, of).samples
    assert [turn["content"] for turn in sample.prompt if turn["role"] == "judge"] == [
        "round 1: Solved: so it is",
        "round 2: Solved: so it is",
    ]


def test_without_a_judge_there_is_no_pass_rate(root: Path, run: Run) -> None:
    of = cached(options={"judge": "none"})
    run(of, queries()[:1])

    (result,) = read(root, of).results
    assert (result.metrics[0].name, "sopr" in values(result)) == ("finish_rate", False)
    assert result.caveat == "nothing was judged"


def test_a_failed_request_ends_a_query_without_a_score(root: Path, run: Run) -> None:
    of = cached()
    asked = [query(31, "good"), query(32, "parallel")]
    run(of, asked, fault="503", fault_when=lambda body: "parallel" in json.dumps(body) and len(body["messages"]) > 2)

    (result,), samples = read(root, of).results, list(read(root, of).samples)
    assert [sample.state for sample in samples] == [SampleState.SCORED, SampleState.INFRA_ERROR]
    assert [turn["role"] for turn in samples[1].prompt] == [
        "system",
        "user",
        "assistant",
        "tool",
        "assistant",
        "tool",
    ]
    assert (values(result)["sopr"], job_state((result,))) == (1.0, JobState.PARTIAL)


def test_what_the_judge_says_unreadably_is_excluded_and_counted(root: Path, run: Run) -> None:
    def mumbling(body: Body) -> str | dict[str, Any]:
        mumbles = "tool_choice" in body and "rain" not in body["messages"][0]["content"]
        return "hm" if mumbles else endpoint(body)

    of = cached()
    asked = run(of, [query(31, "good"), query(32, "broken")], mumbling)

    (result,), samples = read(root, of).results, list(read(root, of).samples)
    assert [sample.state for sample in samples] == [SampleState.SCORED, SampleState.JUDGE_FALLBACK]
    assert values(result)["sopr"] == 1.0
    assert (result.counts.judge_fallback, result.metrics[0].uncertainty_absent) == (1, "verdicts are missing")
    assert sum("tool_choice" in request.json for request in asked) == 3 + 3 * 3


def test_a_judge_that_is_away_is_no_verdict(root: Path, run: Run) -> None:
    of = cached()
    run(of, [query(31, "good")], fault="503", fault_when=lambda body: "tool_choice" in body)

    (result,) = read(root, of).results
    assert ("sopr" in values(result), result.metrics[0].name) == (False, "finish_rate")
    assert result.counts.judge_fallback == 1


def test_an_answer_is_compared_with_that_of_an_earlier_run(root: Path, run: Run) -> None:
    run(cached(options={"judge": "none"}), queries()[:1])
    earlier = json.loads((root / OUT / "converted.json").read_text())
    earlier["10"]["answer"]["final_answer"] = "sorry"
    earlier["11"] = {**earlier["10"], "query": "another"}
    (root / "data/.toolbench/reference.json").write_text(json.dumps(earlier))
    of = cached(shared={"reference": "/mine/reference.json"})

    run(of, [*queries()[:2], query(99, "good")])

    (result,) = read(root, of).results
    said = [json.loads(line) for line in (root / OUT / "judgements.jsonl").read_text().splitlines()]
    assert [line["outcome"] for line in said] == ["win", said[1]["outcome"], "win"]
    assert said[0]["rounds"][0]["reference"] == "Unsolved"
    assert values(result)["sowr"] == pytest.approx(2 / 3 if said[1]["outcome"] != "win" else 1.0)


def test_the_same_answer_is_neither_better_nor_worse(root: Path, run: Run) -> None:
    run(cached(options={"judge": "none"}), queries()[:1])
    (root / "data/.toolbench/reference.json").write_text((root / OUT / "converted.json").read_text())
    of = cached(shared={"reference": "/mine/reference.json"})

    run(of, queries()[:1])

    found = values(read(root, of).results[0])
    assert (found["sowr"], found["sowr_ties"]) == (0.0, 1.0)


def test_where_nothing_is_recorded_the_simulator_answers(root: Path, run: Run) -> None:
    of = agent_evaluation(simulator="url", options={"api": "simulate"})

    run(of, [query(31, "good")])

    (result,) = read(root, of).results
    assert (values(result)["sopr"], result.key.simulator) == (1.0, "url")
    assert next(iter(read(root, of).samples)).prompt[4]["origin"] == "simulator"


def test_a_lost_simulator_is_no_fault_of_the_model(root: Path, run: Run) -> None:
    of = agent_evaluation(simulator="url", options={"api": "simulate"})

    run(of, [query(31, "good")], fault="503", fault_when=lambda body: "response_format" in body)

    (sample,) = read(root, of).samples
    assert (sample.state, sample.error[:28]) == (SampleState.INFRA_ERROR, "the simulator did not answer")


def test_tool_files_describe_what_the_query_does_not(root: Path, run: Run) -> None:
    folder = root / "data/.toolbench/tools/Weather_Daily"
    folder.mkdir(parents=True)
    described = {"tool_name": "Sky View", "tool_description": "All weather.", "api_list": [{"name": "Get Weather"}]}
    (folder / "sky_view.json").write_text(json.dumps(described))
    of = cached(options={"judge": "none"}, shared={"tools": "/mine/tools"})

    asked = run(of, [query(31, "good")])

    assert "1.sky_view: All weather." in asked[0].json["messages"][0]["content"]
    assert values(read(root, of).results[0])["synthetic_tools"] == "0"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ([{"query_id": 1, "query": "q"}], "queries.json, item 1: api_list must be a list of APIs"),
        ([{"query_id": "../1", "query": "q", "api_list": [{}]}], "query_id must be a number"),
        ([query(1, "good"), query(1, "good")], "two queries have the query_id '1'"),
        ([{**query(1, "good"), "api_list": [{"tool_name": "x"}]}], "an API must be an object with category_name"),
        ([], "queries.json must hold a list of queries"),
    ],
)
def test_broken_queries_are_named(root: Path, run: Run, broken: list[Any], said: str) -> None:
    run(cached(), broken)

    (result,) = read(root, cached()).results
    assert said in result.absent


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


def test_a_job_that_is_ended_has_its_figures_so_far(root: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    of = cached(options={"judge": "none"})
    whole = Worker.work

    def ended(worker: Worker, asked: Query) -> Outcome:
        if asked.id == "12":
            raise SystemExit(143)
        return whole(worker, asked)

    monkeypatch.setattr(Worker, "work", ended)
    with pytest.raises(SystemExit):
        run(of, queries())

    (result,) = read(root, of).results
    assert values(result)["finish_rate"] == 1.0
    assert result.counts == Counts(planned=6, scored=2, skipped=4)
    assert job_state((result,)) is JobState.PARTIAL


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
