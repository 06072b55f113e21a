import asyncio
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import hub
from hub import orchestrator
from hub.engines import Choice
from hub.errors import PrerequisiteError, TaskError
from hub.job import Job
from hub.observer import Event, RunEnded, RunStarted
from hub.report import Report
from tests.fakes.engine import FakeEngine
from tests.hub.test_orchestrator import echo

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(b"weights")
    monkeypatch.setenv("EVALDOCK_RUNS", str(tmp_path / "runs"))
    choice = Choice(FakeEngine(echo), "it is a test", None)
    monkeypatch.setattr(orchestrator, "choose_engine", lambda *_args, **_named: choice)
    return {
        "version": 1,
        "models": {"m": {"checkpoint": str(model)}},
        "evaluations": [{"backend": "echo", "datasets": ["echo"]}],
    }


@pytest.fixture
def seed_task(task: dict[str, Any]) -> dict[str, Any]:
    return {"model": task["models"]["m"]["checkpoint"], "datasets": ["echo"], "eval_backend": "echo"}


def test_a_task_runs_and_its_report_is_returned(task: dict[str, Any]) -> None:
    events: list[Event] = []

    report = hub.run_task(task, observe=events.append)

    assert report.state == "succeeded"
    assert isinstance(events[0], RunStarted)
    assert isinstance(events[-1], RunEnded)
    assert hub.load_report() == hub.load_report(report.run_id) == report


def test_a_task_cfg_runs_and_its_report_has_the_old_form(seed_task: dict[str, Any]) -> None:
    report = hub.run_task(seed_task)

    old = hub.to_seed_reports(report)
    assert set(old) == {"echo"}
    assert set(old["echo"]) == {"name", "metric", "score", "category", "total_num"}
    assert old["echo"]["total_num"] > 0
    assert 0 <= old["echo"]["score"] <= 1


def test_a_list_runs_one_after_the_other_and_is_checked_before_the_first(
    task: dict[str, Any], seed_task: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(TaskError):
        hub.run_task([task, {**task, "models": {}}])
    assert not (tmp_path / "runs").exists()

    reports = hub.run_task([task, seed_task])

    assert [report.state for report in reports] == ["succeeded", "succeeded"]


def test_a_task_in_a_file_runs_and_runs_go_where_they_are_told(task: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(hub.load_task(task).source.text)

    report = hub.run_task(path, runs=tmp_path / "other")

    assert hub.load_report(tmp_path / "other" / report.run_id) == report
    assert hub.load_report(tmp_path / "other" / report.run_id / "report.json") == report
    assert hub.load_report(runs=tmp_path / "other") == report


def test_signal_handlers_are_put_back(task: dict[str, Any]) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]

    hub.run_task(task)

    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_an_interrupt_ends_a_list_with_a_report_that_says_cancelled(
    task: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(_job: Job, _output: Path) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    choice = Choice(FakeEngine(work), "it is a test", None)
    monkeypatch.setattr(orchestrator, "choose_engine", lambda *_args, **_named: choice)

    reports = hub.run_task([task, task])

    assert [report.state for report in reports] == ["cancelled"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_runs_in_a_thread(task: dict[str, Any]) -> None:
    found: list[Report] = []
    thread = threading.Thread(target=lambda: found.append(hub.run_task(task)))
    thread.start()
    thread.join()

    assert found[0].state == "succeeded"


def test_it_runs_under_a_running_event_loop_as_in_a_notebook(task: dict[str, Any]) -> None:
    async def cell() -> Report:
        return hub.run_task(task)

    assert asyncio.run(cell()).state == "succeeded"


def test_it_prints_nothing(task: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> None:
    hub.run_task(task)

    assert capfd.readouterr() == ("", "")


def test_keys_without_effect_are_warnings_at_the_callers_line(seed_task: dict[str, Any]) -> None:
    for form in (seed_task, [seed_task]):
        single: Any = form
        seed_task["mem_cache"] = True
        with pytest.warns(hub.IgnoredKeyWarning, match="mem_cache") as caught:
            hub.run_task(single)
        assert caught[0].filename == __file__
    with pytest.warns(hub.IgnoredKeyWarning) as caught:
        hub.plan_task(seed_task)
    assert caught[0].filename == __file__


def test_what_is_wrong_is_an_exception_and_leaves_nothing(task: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(hub.errors.TaskError):
        hub.run_task({**task, "engin": "venv"})
    with pytest.raises(PrerequisiteError):
        hub.run_task({**task, "models": {"m": {"checkpoint": "./absent"}}})

    assert not (tmp_path / "runs").exists()


def test_a_dry_run_is_told_what_shows_a_plan(seed_task: dict[str, Any]) -> None:
    with pytest.raises(TaskError, match=r"hub\.plan_task"):
        hub.run_task({**seed_task, "dry_run": True})

    assert len(hub.plan_task({**seed_task, "dry_run": True}).jobs) == 1


def test_what_is_missing_is_found_without_a_run(task: dict[str, Any]) -> None:
    task["models"]["n"] = {"checkpoint": "./absent"}

    assert [found.subject for found in hub.check_task(task) if found.level == "missing"] == ["model 'n'"]


def test_a_task_is_changed_as_flags_do(task: dict[str, Any]) -> None:
    spec = hub.load_task(task, settings=["seed=7"], limit=3).spec

    assert (spec.seed, spec.limit) == (7, 3)


def test_what_there_is_can_be_listed() -> None:
    assert "native" in hub.list_backends()
    assert "gsm8k" in [info.name for info in hub.list_datasets("native")]
    assert len(hub.list_templates()) == 48
    assert isinstance(hub.list_models(), tuple)


def test_the_report_of_one_of_several_models_is_asked_for_by_name(task: dict[str, Any]) -> None:
    task["models"]["n"] = task["models"]["m"]
    report = hub.run_task(task)

    with pytest.raises(hub.errors.EvaldockError, match="2 models"):
        hub.to_seed_reports(report)
    with pytest.raises(hub.errors.EvaldockError, match="no model 'o'"):
        hub.to_seed_reports(report, model="o")
    assert set(hub.to_seed_reports(report, model="n")) == {"echo"}


def test_every_name_of_the_package_is_there_and_no_other() -> None:
    assert [name for name in hub.__all__ if getattr(hub, name, None) is None] == []
    assert set(hub.__all__) <= set(dir(hub))
    with pytest.raises(AttributeError, match="'run_tsak'"):
        hub.run_tsak  # type: ignore[attr-defined]  # noqa: B018


def test_importing_hub_imports_nothing_of_it() -> None:
    code = "import sys, hub; print([name for name in sys.modules if name.startswith('hub.') or name == 'pydantic'])"

    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert answer.stdout == "[]\n"


def test_a_run_goes_on_and_what_succeeded_is_kept(
    task: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def work(_job: Job, _output: Path) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    use = partial(monkeypatch.setattr, orchestrator, "choose_engine")
    use(lambda *_args, **_named: Choice(FakeEngine(work), "it is a test"))
    assert hub.run_task(task).state == "cancelled"
    use(lambda *_args, **_named: Choice(FakeEngine(echo), "it is a test"))

    report = hub.resume_run()

    assert report.state == "succeeded"
    assert report.jobs[0].starts == 2
    assert hub.resume_run(tmp_path / "runs" / report.run_id) == report
