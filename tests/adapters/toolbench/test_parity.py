"""Our files beside StableToolBench's: what counts as the same, and what is said where something differs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.toolbench.catalog import STABLE_TOOL_BENCH
from adapters.toolbench.evaluator.stable.functions import functions_of
from adapters.toolbench.evaluator.stable.queries import Query, read_api
from adapters.toolbench.evaluator.stable.tools import tools_of
from adapters.toolbench.parity import rates, tool_files
from adapters.toolbench.parity.__main__ import main
from adapters.toolbench.parity.answers import differences
from hub.images import image_names
from hub.resources import shared_folder
from tests.adapters.toolbench.agents import CITIES, OUT, WEATHER, Run, cached, query

IMAGE = shared_folder("images") / "toolbench-upstream"
SOLVED, UNSURE, UNSOLVED = (f"AnswerStatus.{name}" for name in ("Solved", "Unsure", "Unsolved"))


@pytest.fixture(params=["cot", "dfsdt"])
def ran(request: pytest.FixtureRequest, root: Path, run: Run) -> Path:
    """Return the folder of a data set that was evaluated, with what upstream would have written of it beside."""
    asked = [query(1, "good"), query(2, "parallel"), query(3, "never"), query(4, "gives-up")]
    run(cached(options={"method": request.param, "max_steps": 6, "compat": "upstream", "rounds": 2}), asked)
    folder = root / OUT
    (root / "theirs").mkdir()
    for file in (folder / "answers").glob("*.json"):
        (root / "theirs" / file.name).write_text(json.dumps(as_upstream(json.loads(file.read_text()))))
    return folder


def as_upstream(value: Any) -> Any:
    """Return a value as another client writes it: ids of its own, keys that hold null, a mark of what is shown."""
    if isinstance(value, list):
        return [as_upstream(part) for part in value]
    if not isinstance(value, dict):
        return value
    found = {name: as_upstream(part) for name, part in value.items()}
    for name in ("id", "tool_call_id"):
        if isinstance(found.get(name), str):
            found[name] = f"call_x_{found[name]}"
    if found.get("role") == "assistant":
        found |= {"refusal": None, "audio": None, "function_call": None}
    if found.get("role") == "user":
        found["valid"] = False
    return found


def changed(theirs: Path, change: Callable[[Any], None]) -> None:
    file = next(theirs.glob("1_*.json"))
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def labels(ran: Path) -> dict[str, Any]:
    lines = map(json.loads, (ran / "judgements.jsonl").read_text().splitlines())
    return {
        line["id"]: {
            "is_solved": {
                str(number): f"AnswerStatus.{part['status']}"
                for number, part in reversed(list(enumerate(line["rounds"])))
            }
        }
        for line in lines
    }


def test_what_another_client_writes_otherwise_is_the_same(
    ran: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "rates.json").write_text(json.dumps(labels(ran)))

    code = main(["compare", str(ran), str(root / "theirs"), "--pass-rate", str(root / "rates.json")])

    said = capsys.readouterr().out.splitlines()
    assert (code, said[0]) == (0, "4 of 4 queries are the same, request for request")
    assert re.fullmatch(r"solvable pass rate, ours: [\d.]+ % \+- 0\.0", said[1])
    assert said[2] == said[1].replace("ours", "theirs")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda content: content["answer_generation"].update(query_count=9), "query_count: ours 2, theirs 9"),
        (
            lambda content: content["answer_generation"]["train_messages"][1][0].update(content="Else."),
            "requests[1][0].content: ours ",
        ),
        (
            lambda content: content["answer_generation"]["function"][0]["function"].update(name="x"),
            'functions[0].function.name: ours "get_weather_for_sky_view", theirs "x"',
        ),
        (
            lambda content: content["answer_generation"]["train_messages"].pop(),
            "requests, how many: ours 2, theirs 1",
        ),
        (lambda content: content.update(win=False), "win: ours true, theirs false"),
    ],
)
def test_the_first_difference_is_named(
    ran: Path, root: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Any], None], named: str
) -> None:
    changed(root / "theirs", change)

    code = main(["compare", str(ran), str(root / "theirs")])

    said = capsys.readouterr().out.splitlines()
    assert code == 1
    assert re.match(r"1_\S+: ", said[0])
    assert named in said[0]
    assert said[-1] == "3 of 4 queries are the same, request for request"


def test_another_observation_is_another_step() -> None:
    node = {"node_type": "Action Input", "description": "{}", "observation": "rain", "children": []}
    ours = {"tree": {"tree": {"node_type": "Action", "children": [node]}}}
    theirs = json.loads(json.dumps(ours).replace("rain", "sun"))

    assert differences(ours, theirs) == ['steps[1].observation: ours "rain", theirs "sun"']


def test_a_query_of_one_side_alone_is_named(ran: Path, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    next((root / "theirs").glob("1_*")).unlink()

    assert main(["compare", str(ran), str(root / "theirs")]) == 1
    assert "answered here alone" in capsys.readouterr().out


def test_rates_are_counted_as_upstream_counts_them() -> None:
    given = {
        "588": {"is_solved": {"2": UNSOLVED, "1": UNSURE, "0": SOLVED}},
        "608": {"is_solved": {"0": SOLVED, "1": SOLVED}},
        "1073": {"is_solved": {"0": UNSURE, "1": UNSOLVED, "2": SOLVED}},
    }

    rate, spread = rates.upstream(given).rate

    assert (round(100 * rate, 1), round(100 * spread, 1)) == (55.6, 20.8)


def test_another_verdict_is_named_and_so_is_the_rate() -> None:
    mine = rates.Labels({"1": ["Solved", "Unsure"], "2": ["Solved", None]})
    theirs = rates.Labels({"1": ["Solved", "Solved"], "3": ["Solved"]})

    assert rates.differences(mine, theirs) == [
        "2: judged here alone",
        "3: judged there alone",
        "1: verdicts: ours Solved, Unsure, theirs Solved, Solved",
        "rate: ours 0.625000, theirs 0.750000",
        "spread: ours 0.375000, theirs 0.250000",
    ]


@pytest.mark.parametrize("content", ["{}", "[]", '{"1": {}}', '{"1": {"is_solved": {"x": "y"}}}', "{"])
def test_what_is_no_result_file_is_an_error(ran: Path, root: Path, content: str) -> None:
    (root / "rates.json").write_text(content)

    assert main(["compare", str(ran), str(root / "theirs"), "--pass-rate", str(root / "rates.json")]) == 2


def test_a_folder_without_answers_is_an_error(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(root), str(root)]) == 2
    assert "there are no answer files" in capsys.readouterr().err


def test_tool_files_say_what_the_queries_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "queries.json").write_text(json.dumps([query(1, "good"), query(2, "good", (CITIES, WEATHER))]))
    asked = Query("1", "?", tuple(read_api(api, "here") for api in (WEATHER, CITIES)))

    assert main(["tools", str(tmp_path / "queries.json"), str(tmp_path / "tools")]) == 0

    made, known = tools_of(asked, tmp_path / "tools"), tools_of(asked, None)
    assert capsys.readouterr().out.startswith("1 tool files in ")
    assert (made.synthetic, known.synthetic) == (0, 1)
    assert made.descriptions == known.descriptions
    assert functions_of(made.apis, "upstream") == functions_of(known.apis, "upstream")
    assert tool_files.write([asked], tmp_path / "again") == 1


def test_the_image_holds_the_commit_that_the_backend_reads_and_is_built_by_hand_alone() -> None:
    recipe = (IMAGE / "Dockerfile").read_text()

    assert STABLE_TOOL_BENCH.inside.removeprefix("StableToolBench-") in recipe
    assert IMAGE.name not in image_names()


def test_a_program_of_upstream_runs_without_what_it_only_imports(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("said = 'beside'\n")
    (tmp_path / "program.py").write_text(
        "import sys\nimport torch.nn as nn\nfrom transformers.models.x import Y\nfrom beside import said\n"
        "class Model(nn.Module):\n    def go(self, given: 'Y' = Y.Z): pass\n"
        "@nn.no_grad()\ndef one(): return 1\n"
        "print(said, one(), *sys.argv[1:])\n"
    )
    command = [sys.executable, str(IMAGE / "launch.py"), str(tmp_path / "program.py"), "--key", "env:MY_KEY"]

    ran = subprocess.run(command, env={"MY_KEY": "k"}, capture_output=True, text=True, check=True)

    assert ran.stdout == "beside 1 --key k\n"


def test_nulls_of_answer_files_are_dropped(tmp_path: Path) -> None:
    (tmp_path / "1_CoT@1.json").write_text('{"a": [{"b": null, "c": 0}], "d": null}')

    subprocess.run([sys.executable, str(IMAGE / "drop_nulls.py"), str(tmp_path)], check=True)

    assert json.loads((tmp_path / "1_CoT@1.json").read_text()) == {"a": [{"c": 0}]}
