"""A data set that kills or blocks its job costs its own score, not those of its neighbours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.endings.conftest import Stage

REASONS = {"oom": "out of memory: its limit is 128 MiB", "crash": "exit code 3"}


def named(name: str) -> dict[str, str]:
    return {"name": "well", "alias": name}


@pytest.mark.parametrize("wrong", REASONS)
def test_a_data_set_that_kills_its_job_costs_its_own_score_alone(wrong: str, stage: Stage, tmp_path: Path) -> None:
    asked = len(stage.upstream.requests)
    ran = stage.run(tmp_path, [named("before"), wrong, named("after")])

    (job,) = ran.report["jobs"]
    assert (ran.code, job["state"]) == (1, "partial")
    assert ran.scores() == {"before": {"accuracy": 1.0}, wrong: {}, "after": {"accuracy": 1.0}}
    assert REASONS[wrong] in job["results"][1]["absent"]
    assert job["reason"].startswith(f"{wrong} was left out, because the job ended in it")
    assert f"ended in {wrong}" in ran.err
    assert stage.leftovers(ran) == []
    assert (job["starts"], job["usage"][0]["calls"]) == (2, 4 + 2 + 4)
    # The check asks once who is there; four samples each, two of the one that died, none of them twice.
    sent = [request for request in stage.upstream.requests[asked:] if request.method == "POST"]
    assert len(sent) == 4 + 2 + 4


def test_samples_of_both_starts_are_there_once(stage: Stage, tmp_path: Path) -> None:
    ran = stage.run(tmp_path, [named("before"), "crash", named("after")])

    lines = (ran.folder / "jobs" / "1-m-unruly" / "samples.jsonl").read_text().splitlines()
    found = [(json.loads(line)["dataset"], json.loads(line)["id"]) for line in lines]
    assert found == [
        *(("before", str(number)) for number in range(4)),
        *(("crash", str(number)) for number in range(2)),
        *(("after", str(number)) for number in range(4)),
    ]


def test_a_data_set_that_hangs_is_ended_and_the_next_is_evaluated(stage: Stage, tmp_path: Path) -> None:
    model = {"endpoint": stage.upstream.base_url, "model": "fake", "retry": {"within": "10s"}}
    ran = stage.run(
        tmp_path, [named("before"), "hang", named("after")], models={"m": model}, resources={"idle_timeout": "12s"}
    )

    assert ran.scores() == {"before": {"accuracy": 1.0}, "hang": {}, "after": {"accuracy": 1.0}}
    assert "no sign of life for 12.0 s" in ran.report["jobs"][0]["results"][1]["absent"]


def test_isolated_data_sets_are_jobs_of_their_own(stage: Stage, tmp_path: Path) -> None:
    task = {"backend": "unruly", "isolate": "dataset", "datasets": [named("before"), "segfault", named("after")]}
    ran = stage.run(tmp_path, evaluations=[task])

    assert [(job["id"], job["state"]) for job in ran.report["jobs"]] == [
        ("1-m-unruly-before", "succeeded"),
        ("2-m-unruly-segfault", "failed"),
        ("3-m-unruly-after", "succeeded"),
    ]
    assert (ran.code, ran.report["state"]) == (1, "partial")
