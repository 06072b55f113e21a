"""A backend that swallows failures and prints a score cannot hide it: whole runs through the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.ledger import FILE, read_rows
from tests.e2e.harness import Ran
from tests.fakes.checkout import Checkout, make_checkout
from tests.fakes.upstream import Body, FakeUpstream, last_message


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return make_checkout(tmp_path_factory.mktemp("checkout"), "gullible")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as served:
        yield served


@pytest.fixture
def judge() -> Iterator[FakeUpstream]:
    with FakeUpstream(models=("wise",)) as served:
        yield served


class Bench:
    """One checkout and its upstreams, and a folder for one run."""

    def __init__(self, checkout: Checkout, cache: Path, folder: Path, urls: tuple[str, str]) -> None:
        self._checkout = checkout
        self._env = {"EVALDOCK_CACHE": str(cache), "EVALDOCK_STATE": str(folder / "state")}
        self._folder = folder
        self._urls = urls

    def run(self, *datasets: str, **more: Any) -> Ran:
        """Run these data sets; a request is tried once."""
        once = {"concurrency": 4, "retry": {"attempts": 1}}
        plain = {
            "version": 1,
            "name": "honest",
            "models": {"m": {"endpoint": self._urls[0], "model": "fake", **once}},
            "judge": {"endpoint": self._urls[1], "model": "wise", **once},
            "evaluations": [{"backend": "gullible", "datasets": list(datasets)}],
        }
        task = self._folder / "task.yaml"
        task.write_text(yaml.safe_dump({**plain, **more}))
        return self.evaldock("run", str(task), "--engine", "venv")

    def evaldock(self, *arguments: str) -> Ran:
        """Run a command."""
        return self._checkout.evaldock(self._folder, *arguments, **self._env)


@pytest.fixture
def bench(checkout: Checkout, cache: Path, tmp_path: Path, upstream: FakeUpstream, judge: FakeUpstream) -> Bench:
    return Bench(checkout, cache, tmp_path, (upstream.base_url, judge.base_url))


def results(ran: Ran) -> dict[str, dict[str, Any]]:
    assert ran.err is not None
    (job,) = ran.report["jobs"]
    return {result["dataset"]: result for result in job["results"]}


def one_of(number: int) -> Any:
    def when(body: Body) -> bool:
        return last_message(body) == f"question {number}"

    return when


def test_without_a_failure_every_printed_score_stands(bench: Bench) -> None:
    ran = bench.run("once", "thrice", "judged")

    assert ran.code == 0
    assert {name: found["metrics"][0]["raw"]["literal"] for name, found in results(ran).items()} == {
        "once": "100.0",
        "thrice": "100.0",
        "judged": "100.0",
    }


def test_the_account_of_a_run_is_in_its_report_and_in_its_ledger(bench: Bench, upstream: FakeUpstream) -> None:
    ran = bench.run("once", "judged")

    (job,) = ran.report["jobs"]
    usage = {part["role"]: (part["calls"], part["requests"], part["failed"]) for part in job["usage"]}
    rows = list(read_rows(ran.folder / "jobs" / job["id"] / FILE))
    assert usage == {"candidate": (20, 20, 0), "judge": (10, 10, 0)}
    assert len(rows) == 30
    assert sum(request.method == "POST" for request in upstream.requests) == 20


def test_a_swallowed_failure_takes_the_score_and_names_it(bench: Bench, upstream: FakeUpstream) -> None:
    upstream.fault, upstream.fault_when = "500", one_of(3)

    ran = bench.run("once")

    found = results(ran)["once"]
    assert ran.code == 1
    assert (found["metrics"], found["backend_value"]) == ([], "90.0")
    assert found["absent"].startswith("1 of its 10 requests failed, so what the backend made of them cannot be")
    assert (found["counts"]["scored"], found["counts"]["infra_error"]) == (9, 1)
    assert ran.report["jobs"][0]["state"] == "partial"
    assert "the backend printed 90.0; withheld" in (ran.folder / "report.md").read_text().replace("\\", "")


def test_a_failure_that_the_task_admits_leaves_the_score_shown(bench: Bench, upstream: FakeUpstream) -> None:
    upstream.fault, upstream.fault_when = "500", one_of(3)

    ran = bench.run("once", max_infra_errors=1)

    found = results(ran)["once"]
    assert [metric["raw"]["literal"] for metric in found["metrics"]] == ["90.0"]
    assert (found["counts"]["scored"], found["counts"]["infra_error"]) == (9, 1)
    assert (ran.code, ran.report["state"]) == (1, "partial")
    assert found["caveat"] == "1 of 10 failed, counted as wrong"
    assert (found["metrics"][0]["stderr"], found["metrics"][0]["ci95"]) == (None, None)
    assert found["caveat"] in " ".join(ran.out.replace("│", " ").split())
    for page in ("report.md", "report.html"):
        assert found["caveat"] in (ran.folder / page).read_text()


def test_a_backend_that_never_asks_has_no_score(bench: Bench) -> None:
    ran = bench.run("never", "once")

    found = results(ran)
    assert (found["never"]["metrics"], found["never"]["backend_value"]) == ([], "90.0")
    assert found["never"]["absent"] == "the backend printed a score without asking the model"
    assert found["once"]["metrics"] != []


def test_a_judge_that_fails_takes_the_score_and_is_counted(bench: Bench, judge: FakeUpstream) -> None:
    judge.fault, judge.fault_when = "500", one_of(3)

    ran = bench.run("judged")

    found = results(ran)["judged"]
    assert (found["metrics"], found["backend_value"]) == ([], "90.0")
    assert found["absent"].startswith("1 of its 10 requests to the judge failed, so")
    assert (found["counts"]["scored"], found["counts"]["judge_fallback"]) == (9, 1)
    assert (ran.code, ran.report["state"]) == (1, "partial")


def test_a_judge_that_fails_as_rarely_as_the_task_admits_leaves_the_score_shown(
    bench: Bench, judge: FakeUpstream
) -> None:
    judge.fault, judge.fault_when = "500", one_of(3)

    ran = bench.run("judged", max_infra_errors=1)

    found = results(ran)["judged"]
    assert [metric["raw"]["literal"] for metric in found["metrics"]] == ["90.0"]
    assert (ran.code, ran.report["state"]) == (1, "partial")


def test_a_result_names_its_judge_and_one_that_was_not_judged_names_none(bench: Bench, judge: FakeUpstream) -> None:
    ran = bench.run("judged", "once", gateway={"interceptors": [{"max_tokens": 9, "roles": ["judge"]}]})

    keys = {name: found["key"] for name, found in results(ran).items()}
    assert (keys["judged"]["judge"], keys["once"]["judge"]) == (f"endpoint:{judge.base_url} wise", "")
    assert keys["judged"]["gateway"] == [{"judge": {"max_tokens": 9}}]
    assert [request.json["max_tokens"] for request in judge.requests if request.method == "POST"] == [9] * 10


NOBODY = {"endpoint": "http://127.0.0.1:9/v1", "model": "wise"}


def test_a_judge_that_is_down_stops_a_run_that_asks_it_before_it_begins(bench: Bench) -> None:
    ran = bench.run("judged", judge=NOBODY)

    assert ran.code == 3
    assert "endpoint 'judge'" in ran.err
    assert not ran.runs.exists()


def test_a_judge_that_is_down_stops_no_run_that_does_not_ask_it(bench: Bench) -> None:
    ran = bench.run("once", judge=NOBODY)

    assert ran.code == 0
    assert "left out by the plan: judge: no evaluation of this task asks it" in ran.report["warnings"]


def test_a_resume_asks_again_only_what_failed_and_then_the_score_stands(bench: Bench, upstream: FakeUpstream) -> None:
    upstream.fault, upstream.fault_when = "500", one_of(3)
    bench.run("once")
    kept = json.loads(bench.evaldock("cache", "ls", "--json").out)["kept"]
    upstream.fault = None

    ran = bench.evaldock("resume", "latest")

    (job,) = ran.report["jobs"]
    (usage,) = job["usage"]
    assert ran.code == 0
    assert results(ran)["once"]["metrics"][0]["raw"]["literal"] == "100.0"
    assert [(entry["state"], entry["answers"], entry["saves"]) for entry in kept] == [("partial", 9, True)]
    assert (job["starts"], usage["calls"], usage["cached"], usage["requests"], usage["failed"]) == (2, 10, 9, 11, 0)
    assert sum(request.method == "POST" for request in upstream.requests) == 11
    assert json.loads(bench.evaldock("cache", "ls", "--json").out)["kept"] == []


def test_a_resume_without_the_kept_answers_asks_everything_again(bench: Bench, upstream: FakeUpstream) -> None:
    upstream.fault, upstream.fault_when = "500", one_of(3)
    bench.run("once")
    upstream.fault = None

    cleared = bench.evaldock("cache", "clear", "latest", "--yes")
    ran = bench.evaldock("resume", "latest")

    (usage,) = ran.report["jobs"][0]["usage"]
    assert (cleared.code, ran.code) == (0, 0)
    assert (usage["calls"], usage["cached"], usage["requests"]) == (10, 0, 20)
