import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub import answers, orchestrator
from hub.engines import Choice
from hub.gateway import Verdict
from hub.identity import identity_text
from hub.job import Ending, Job
from hub.ledger import read_rows
from hub.report import Report
from hub.resumption import resume
from hub.runs import RunFolder, list_runs
from hub.settings import Settings
from hub.taskfile import load_task
from tests.fakes.engine import FakeEngine, Work
from tests.fakes.gateway import FakeGateway
from tests.fakes.upstream import FakeUpstream
from tests.hub.test_adversity import quick_echo, write_echo

FIRST, SECOND = "1-m-echo", "2-n-echo"


@dataclass
class Run:
    """A run of two jobs behind one endpoint, with a gateway that does as it is told."""

    task: dict[str, Any]
    settings: Settings
    gateway: FakeGateway
    use: Callable[[FakeEngine], None]

    def go(self, work: Work) -> Report:
        self.use(FakeEngine(work))
        report, _ = orchestrator.run(load_task(self.task), self.settings)
        return report

    def resume(self, work: Work) -> Report:
        self.use(FakeEngine(work))
        report, _ = resume(self.folder, self.settings)
        return report

    @property
    def folder(self) -> RunFolder:
        (run,) = list_runs(self.settings.runs_dir)
        return run

    def answered(self, job: Job, output: Path) -> Ending:
        """Have every sample answered and scored."""
        self.gateway.answer(job.id, 3)
        return quick_echo(job, output)


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    gateway = FakeGateway()
    monkeypatch.setattr("hub.jobs.Gateway", gateway)

    def use(engine: FakeEngine) -> None:
        choice = Choice(engine, "it is a test")
        monkeypatch.setattr(orchestrator, "choose_engine", lambda *_args, **_named: choice)

    with FakeUpstream(models=("q",)) as upstream:
        upstream.entry = {"max_model_len": 4096}
        model = {"endpoint": upstream.base_url, "model": "q"}
        evaluations = [{"backend": "echo", "datasets": [{"name": "echo", "options": {"n": 3}}]}]
        task = {"version": 1, "name": "t", "models": {"m": model, "n": model}, "evaluations": evaluations}
        yield Run(task, settings, gateway, use)


def test_a_jobs_calls_are_ended_and_written_down_before_it_is_read(run: Run) -> None:
    report = run.go(run.answered)

    assert report.state == "succeeded"
    assert run.gateway.ended == [FIRST, SECOND]
    assert len(list(read_rows(run.folder.job_folder(FIRST) / "ledger.sqlite"))) == 3
    (usage,) = report.jobs[0].usage
    assert (usage.calls, usage.requests, usage.tokens_in) == (3, 3, 30)


def test_a_score_that_the_calls_do_not_bear_out_is_withheld(run: Run) -> None:
    report = run.go(quick_echo)  # which asks nobody

    assert "without asking the model" in report.jobs[0].reason
    assert report.jobs[0].results[0].metrics == ()


@pytest.mark.parametrize("kind", ["outage", "key", "loop"])
def test_a_verdict_ends_the_job_and_what_was_scored_is_partial(run: Run, kind: Any) -> None:
    def work(job: Job, output: Path) -> Ending | None:
        run.answered(job, output)
        run.gateway.verdicts[FIRST] = Verdict(FIRST, kind, "nothing answers since 10:00")
        return None if job.id == FIRST else Ending.SUCCEEDED

    report = run.go(work)

    first, second = report.jobs
    assert (first.state.value, first.reason) == ("partial", "nothing answers since 10:00")
    assert first.results[0].counts.scored == 3
    assert second.state.value == "succeeded"
    assert report.state == "partial"


def test_a_verdict_over_a_job_that_scored_nothing_is_its_failure(run: Run) -> None:
    def work(job: Job, output: Path) -> Ending | None:
        run.gateway.verdicts[job.id] = Verdict(job.id, "key", "the key was refused ten times")

    report = run.go(work)

    assert {(job.state.value, job.reason) for job in report.jobs} == {("failed", "the key was refused ten times")}


def test_a_spent_budget_ends_no_job_and_makes_it_partial(run: Run) -> None:
    def work(job: Job, output: Path) -> Ending:
        run.gateway.verdicts[job.id] = Verdict(job.id, "budget", "the budget of 100 tokens is spent")
        return run.answered(job, output)

    run.use(FakeEngine(work))
    report = run.go(work)

    assert {(job.state.value, job.reason) for job in report.jobs} == {
        ("partial", "the budget of 100 tokens is spent")
    }


def test_a_gateway_that_dies_fails_the_run_and_the_rest_is_never_begun(run: Run) -> None:
    def work(job: Job, output: Path) -> None:
        run.gateway.dies = True

    report = run.go(work)

    first, second = report.jobs
    why = "the gateway died, through which jobs reach their models: MemoryError"
    assert (first.state.value, first.reason) == ("failed", why)
    assert (second.state.value, second.reason) == ("cancelled", "the run was stopped before this job")
    assert report.state == "failed"
    resume = f"`evaldock resume {run.folder.record.run_id}` goes on with it"
    assert run.folder.record.reason == f"{why}; {resume}"


def test_a_gateway_that_dies_when_a_job_has_ended_leaves_a_report_that_says_why(run: Run) -> None:
    run.gateway.dies_at_end = True

    report = run.go(run.answered)

    assert report.state == "failed"
    assert report.jobs[0].results[0].absent == "the backend printed a score without asking the model"
    assert "MemoryError" in run.folder.record.reason


def test_a_run_whose_gateway_died_goes_on(run: Run) -> None:
    def work(job: Job, output: Path) -> None:
        run.gateway.dies = True

    run.go(work)
    run.gateway.dies = False

    report = run.resume(run.answered)

    assert (report.state, run.folder.record.reason) == ("succeeded", "")
    assert [job.starts for job in report.jobs] == [2, 1]


def test_a_gateway_that_dies_after_all_was_scored_spoils_nothing(run: Run) -> None:
    def work(job: Job, output: Path) -> Ending:
        ending = run.answered(job, output)
        if job.id == SECOND:
            run.gateway.end_job(job.id)
            run.gateway.dies = True
        return ending

    report = run.go(work)

    assert report.state == "succeeded"
    assert report.warnings == ("the gateway died, through which jobs reach their models: MemoryError",)


def test_each_start_of_a_job_is_a_session_of_its_own(run: Run) -> None:
    def fails(job: Job, output: Path) -> Ending:
        run.answered(job, output)
        return Ending.FAILED if job.id == SECOND else Ending.SUCCEEDED

    run.go(fails)
    first = {route.job_id: route.session for route in run.gateway.routes}
    run.resume(run.answered)

    assert first == {FIRST: 1, SECOND: 1}
    assert {route.job_id: route.session for route in run.gateway.routes} == {SECOND: 2}


def test_a_job_that_is_started_again_without_a_data_set_asks_in_a_session_of_its_own(run: Run) -> None:
    labels = ("a", "b", "c")
    datasets = [{"name": "echo", "alias": label, "options": {"n": 3}} for label in labels]
    run.task["evaluations"] = [{"backend": "echo", "models": ["m"], "datasets": datasets}]

    def dies_in_b(job: Job, output: Path) -> Ending:
        for dataset in json.loads(job.files["task.json"])["datasets"]:
            label = dataset["label"]
            with (output / "events.jsonl").open("a") as file:
                file.write(json.dumps({"event": "planned", "dataset": label, "total": 3}) + "\n")
            run.gateway.answer(job.id, 3, label)
            if label == "b":
                return Ending.SIGNALLED
            write_echo(output, label)
            with (output / "events.jsonl").open("a") as file:
                file.write(json.dumps({"event": "finished", "dataset": label}) + "\n")
        return Ending.SUCCEEDED

    (job,) = run.go(dies_in_b).jobs

    assert [bool(result.metrics) for result in job.results] == [True, False, True]
    assert (job.starts, run.gateway.routes[0].session) == (2, 2)
    rows = read_rows(run.folder.job_folder(FIRST) / "ledger.sqlite")
    assert Counter((row.dataset, row.session) for row in rows) == {("a", 1): 3, ("b", 1): 3, ("c", 2): 3}
    assert job.usage[0].calls == 9


def test_a_route_says_who_answers_and_where_bodies_go(run: Run) -> None:
    run.task["gateway"] = {"log_bodies": True}

    run.go(run.answered)

    route = run.gateway.routes[0]
    assert route.bodies == run.folder.job_folder(FIRST) / "bodies.jsonl"
    assert route.upstreams["candidate"].identity == identity_text(run.folder.record.upstreams[0])
    assert run.folder.record.upstreams[0]["entry"] == {"id": "q", "max_model_len": 4096}


def test_answers_of_a_run_that_succeeded_go_and_others_stay(run: Run) -> None:
    def fails(job: Job, output: Path) -> Ending:
        run.answered(job, output)
        return Ending.FAILED

    run.go(fails)
    kept = answers.run_file(run.settings.state_dir, run.folder.record.run_id)
    link = answers.link_to_run(run.settings.state_dir, run.folder.record.run_id)
    assert (kept.is_file(), link.resolve()) == (True, run.folder.path)

    run.resume(run.answered)

    assert not kept.exists()
    assert not link.is_symlink()


def test_a_run_without_endpoints_needs_no_gateway(run: Run, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(b"weights")
    run.task["models"] = {"m": {"checkpoint": str(model)}}

    report = run.go(quick_echo)

    assert report.state == "succeeded"
    assert run.gateway.books is None


def test_an_interrupt_while_a_job_is_read_again_keeps_what_was_read(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("hub.execution.keep", killed)
        with pytest.raises(Killed):
            run.go(run.answered)
    kept = RunFolder.log_event

    def interrupt_at_normalizing(folder: RunFolder, event: dict[str, Any]) -> None:
        if event.get("state") == "normalizing":
            os.kill(os.getpid(), signal.SIGINT)
        kept(folder, event)

    monkeypatch.setattr(RunFolder, "log_event", interrupt_at_normalizing)
    report = run.resume(run.answered)

    assert [job.state.value for job in report.jobs] == ["succeeded", "cancelled"]
    assert report.state == "cancelled"
