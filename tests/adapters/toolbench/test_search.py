"""Chains and trees: where they end, what a later child is told, how their branches are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.adapters.toolbench.agents import GET_WEATHER, Run, answers, cached, calls, query, read, written
from tests.fakes.upstream import Body


def test_a_chain_that_never_finishes_ends_at_its_longest(root: Path, run: Run) -> None:
    asked = run(cached(options={"max_steps": 4}), [query(31, "never")])

    found = written(root, 31)
    assert len(asked) == 4  # and the judge is not asked
    assert (found["win"], found["answer_generation"]["valid_data"]) == (False, False)
    assert found["trys"][0]["chain"][-1]["pruned"]


def test_several_tries_have_seeds_of_their_own(root: Path, run: Run) -> None:
    of = cached(options={"tries": 3, "judge": "none"}, generation={"temperature": 0.5})

    asked = run(of, [query(31, "gives-up")])

    assert [request.json["seed"] for request in asked] == [7, 8, 9]
    assert written(root, 31, "CoT@3")["try_count"] == 3


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
