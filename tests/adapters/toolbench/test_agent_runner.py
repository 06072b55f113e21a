"""An agent against an endpoint, from the task to the report: figures, states, judge, simulator, reference."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from adapters.toolbench.evaluator.stable.queries import Query
from adapters.toolbench.evaluator.stable.work import Outcome, Worker
from hub.report import Counts, JobState, SampleState, job_state
from tests.adapters.toolbench.agents import (
    KINDS,
    OUT,
    Run,
    agent_evaluation,
    cached,
    endpoint,
    queries,
    query,
    read,
    values,
    write_cache,
)
from tests.fakes.upstream import Body


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
    recorded = result.key.scoring.partition("answers recorded ")[2][:23]
    assert result.key.scoring == (
        "DFS_woFilter_w2; 50 steps, 200 calls, 1024 characters at most; functions clean, APIs cache, prompts own; "
        f"answers recorded {recorded}; tools synthetic; judged 2 times"
    )
    assert recorded.startswith("sha256:")
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
    assert result.caveat == "verdicts on 1 of 2 queries are missing and left out: sopr is likely too low"
    assert (result.counts.judge_fallback, result.metrics[0].uncertainty_absent) == (1, "verdicts are missing")
    assert sum("tool_choice" in request.json for request in asked) == 3 + 3 * 3


def test_a_judge_that_is_away_is_no_verdict(root: Path, run: Run) -> None:
    of = cached()
    # The second one is Unsolved without asking: a rate of it alone would say nothing of the model.
    asked = [query(31, "good"), query(32, "gives-up")]
    run(of, asked, fault="503", fault_when=lambda body: "tool_choice" in body)

    (result,) = read(root, of).results
    assert ("sopr" in values(result), result.metrics[0].name) == (False, "finish_rate")
    assert result.caveat.startswith("no sopr: the judge never gave a verdict")
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
    assert result.caveat == "the reference lacks 1 of 3 queries, which count as won"
    assert "; over the reference sha256:" in result.key.scoring


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

    (result,) = read(root, of).results
    assert "1.sky_view: All weather." in asked[0].json["messages"][0]["content"]
    assert values(result)["synthetic_tools"] == "0"
    assert re.search(r"; tools described sha256:[0-9a-f]{16}\Z", result.key.scoring)


def test_other_tool_files_are_another_key(root: Path, run: Run) -> None:
    folder = root / "data/.toolbench/tools/Weather_Daily"
    folder.mkdir(parents=True)
    of, keys = cached(options={"judge": "none"}, shared={"tools": "/mine/tools"}), set()
    for said in ("All weather.", "Some weather."):
        (folder / "sky_view.json").write_text(json.dumps({"tool_description": said, "api_list": []}))
        run(of, [query(31, "good")])
        keys.add(read(root, of).results[0].key.scoring)

    assert len(keys) == 2


@pytest.mark.parametrize("inside", ["", "server_cache", "data/server"])
def test_published_answers_are_found_wherever_the_archive_has_them(root: Path, run: Run, inside: str) -> None:
    published = root / "data/.toolbench/published"
    write_cache(published / inside / "tool_response_cache")
    (published / inside / "tools/Weather_Daily").mkdir(parents=True)
    (published / inside / "tools/Weather_Daily/sky_view.json").write_text('{"tool_description": "All weather."}')
    for beside in ("tools", "tool_response_cache"):  # what an archiver of macOS leaves
        (published / "__MACOSX" / beside).mkdir(parents=True)
    of = agent_evaluation(options={"judge": "none"}, shared={"published_cache": "0" * 40})

    run(of, [query(31, "good")])

    found = values(read(root, of).results[0])
    assert (found["synthetic_tools"], found["cache_miss_rate"]) == ("0", 0.0)


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
