import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.accounting import Account, no_account
from hub.adapter import Evaluation, Normalized
from hub.engine import Handle, Placement
from hub.errors import EngineError
from hub.execution import Workplace, execute
from hub.interrupts import held
from hub.job import Ending, Job, JobOutcome
from hub.observer import Event, JobChanged, Progressed, Said
from hub.overlay import Terms
from hub.plan import PlannedJob
from hub.report import EnvironmentRecord, JobReport, JobState, Sample, SampleState, Usage
from tests.fakes import ledger
from tests.fakes.adapter import FakeAdapter
from tests.fakes.engine import FakeEngine, Work
from tests.hub.test_plan import plan


def done(right: int = 1, wrong: int = 0, lost: int = 0, ending: Ending = Ending.SUCCEEDED) -> Work:
    def work(_job: Job, output: Path) -> Ending:
        (output / "done.json").write_text(json.dumps({"right": right, "wrong": wrong, "lost": lost}))
        return ending

    return work


def carry_out(
    engine: FakeEngine,
    folder: Path,
    events: list[Event] | None = None,
    adapter: FakeAdapter | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    settle: Callable[[PlannedJob], Account] = no_account,
) -> JobReport:
    environment = EnvironmentRecord(engine="venv", image="echo", reference="/fake", digest="sha256:0")
    observe = events.append if events is not None else lambda _event: None
    work = Workplace("run", engine, {"echo": environment}, observe, lambda: True, interrupted, settle=settle)
    return execute(plan().jobs[0], adapter or FakeAdapter(), Placement("run", folder), work)


def run(work: Work, folder: Path, events: list[Event] | None = None) -> tuple[JobReport, FakeEngine]:
    engine = FakeEngine(work)
    return carry_out(engine, folder, events), engine


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_a_job_that_scores_everything_succeeded(tmp_path: Path) -> None:
    report, _ = run(done(right=3, wrong=1), tmp_path)

    assert report.state is JobState.SUCCEEDED
    assert report.results[0].metrics[0].value == 0.75
    assert json.loads((tmp_path / "outcome.json").read_text())["ending"] == "succeeded"
    assert json.loads((tmp_path / "results.json").read_text())[0]["dataset"] == "pairs"
    assert json.loads((tmp_path / "samples.jsonl").read_text())["prediction"] == "<b>&\u202e"


def test_what_the_calls_do_not_bear_out_is_withheld_in_every_file(tmp_path: Path) -> None:
    terms = Terms(1, "endpoint", ("pairs",), excludes_failures=False)
    account = Account((ledger.row(0, dataset="pairs"), ledger.failed(1, dataset="pairs")), terms)

    report = carry_out(FakeEngine(done(right=2)), tmp_path, settle=lambda _job: account)

    assert report.results[0].metrics == ()
    assert (report.state, report.results[0].backend_value) == (JobState.PARTIAL, "1.0")
    assert report.reason.startswith("pairs: 1 of its 2 requests failed")
    assert json.loads((tmp_path / "results.json").read_text())[0]["metrics"] == []


def test_the_report_of_a_job_says_what_it_asked_even_where_its_output_cannot_be_read(tmp_path: Path) -> None:
    account = Account(usage=(Usage(role="candidate", calls=7),))

    report = carry_out(FakeEngine(lambda _job, _output: Ending.SUCCEEDED), tmp_path, settle=lambda _job: account)

    assert (report.state, report.usage[0].calls) == (JobState.FAILED, 7)


def test_a_job_whose_judge_failed_says_so(tmp_path: Path) -> None:
    rows = (*ledger.calls(2, dataset="pairs"), *ledger.calls(1, 1, dataset="pairs", role="judge"))
    account = Account(rows, Terms(1, "endpoint", ("pairs",), excludes_failures=True))

    report = carry_out(FakeEngine(done(right=2)), tmp_path, settle=lambda _job: account)

    assert report.reason == "pairs: 1 of 2 samples without the judge's verdict"


def test_lost_samples_make_it_partial_and_say_how_many(tmp_path: Path) -> None:
    report, _ = run(done(right=3, lost=2), tmp_path)

    assert (report.state, report.reason) == (JobState.PARTIAL, "pairs: 3 of 5 samples scored")


def test_nothing_scored_is_a_failure_never_a_zero(tmp_path: Path) -> None:
    report, _ = run(done(right=0, lost=2), tmp_path)

    assert (report.state, report.reason) == (JobState.FAILED, "pairs: no sample was scored")
    assert report.results[0].metrics == ()


def test_exit_0_without_output_is_a_failure(tmp_path: Path) -> None:
    report, _ = run(lambda _job, _output: Ending.SUCCEEDED, tmp_path)

    assert (report.state, report.reason) == (JobState.FAILED, "done.json is missing")


def test_a_crash_after_full_scores_is_not_a_success(tmp_path: Path) -> None:
    report, _ = run(done(ending=Ending.SIGNALLED), tmp_path)

    assert report.state is JobState.PARTIAL
    assert report.reason == "ended: signalled"


def test_what_the_runner_said_is_the_reason(tmp_path: Path) -> None:
    def work(_job: Job, output: Path) -> Ending:
        (output / "events.jsonl").write_text('{"event": "failed", "reason": "no weights", "hint": "look"}\n')
        return Ending.FAILED

    report, _ = run(work, tmp_path)

    assert (report.state, report.reason) == (JobState.FAILED, "no weights. Look")


def test_events_of_the_runner_reach_the_observer(tmp_path: Path) -> None:
    def work(job: Job, output: Path) -> Ending:
        lines = [
            {"event": "planned", "dataset": "pairs", "total": 2},
            {"event": "progress", "dataset": "pairs", "done": 1, "total": 2, "errors": 1},
            {"event": "message", "text": "hello"},
            {"event": "progress", "dataset": 7},
            ["no event"],
        ]
        text = "\n".join(json.dumps(line) for line in lines) + "\nnot json\n"
        (output / "events.jsonl").write_text(text)
        return done()(job, output)

    events: list[Event] = []
    run(work, tmp_path, events)

    assert Progressed("1-local-echo", "pairs", 1, 2, 1) in events
    assert Said("1-local-echo", "hello") in events
    states = [event.state for event in events if isinstance(event, JobChanged)]
    assert states == [JobState.PREPARING, JobState.RUNNING, JobState.NORMALIZING, JobState.SUCCEEDED]


def test_an_interrupt_stops_the_job_and_keeps_what_was_scored(tmp_path: Path) -> None:
    def work(job: Job, output: Path) -> None:
        done(right=1, lost=1)(job, output)
        interrupt()

    engine = FakeEngine(work)
    with held() as interrupted:
        report = carry_out(engine, tmp_path, interrupted=interrupted)

    assert engine.stopped == [(Ending.STOPPED, "stopped by the user")]
    assert report.state is JobState.CANCELLED
    assert report.results[0].counts.scored == 1


def test_an_engine_that_fails_is_a_failed_job(tmp_path: Path) -> None:
    class Broken(FakeEngine):
        def submit(self, *_args: object) -> None:  # type: ignore[override]
            raise EngineError("the disk is full")

    report = carry_out(Broken(done()), tmp_path)

    assert (report.state, report.reason) == (JobState.FAILED, "the disk is full")


def test_inputs_are_readable_by_whoever_the_job_runs_as(tmp_path: Path) -> None:
    run(done(), tmp_path)

    assert (tmp_path / "input" / "task.json").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "input").stat().st_mode & 0o777 == 0o755


def test_an_interrupt_while_a_job_is_read_keeps_its_result(tmp_path: Path) -> None:
    class Slow(FakeAdapter):
        def normalize(self, evaluation: Evaluation, output: Path) -> Normalized:
            interrupt()
            return super().normalize(evaluation, output)

    engine = FakeEngine(done(right=3, wrong=1))
    with held() as interrupted:
        report = carry_out(engine, tmp_path, adapter=Slow(), interrupted=interrupted)
        asked = interrupted()

    assert asked
    assert (report.state, engine.stopped) == (JobState.SUCCEEDED, [])
    assert report.results[0].metrics[0].value == 0.75


def test_reading_that_does_not_end_is_given_up_soon_after_an_interrupt(tmp_path: Path) -> None:
    class Stuck(FakeAdapter):
        def normalize(self, evaluation: Evaluation, output: Path) -> Normalized:
            interrupt()
            time.sleep(20)
            raise AssertionError("nobody ended the wait")

    with held(patience_s=0.05) as interrupted:
        report = carry_out(FakeEngine(done()), tmp_path, adapter=Stuck(), interrupted=interrupted)

    assert report.state is JobState.CANCELLED
    assert "while its output was read" in report.reason


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_second_interrupt_does_not_abort_the_stop(number: signal.Signals, tmp_path: Path) -> None:
    class Slow(FakeEngine):
        def stop(self, handle: Handle, ending: Ending, reason: str) -> JobOutcome:
            os.kill(os.getpid(), number)
            return super().stop(handle, ending, reason)

    def fail(_job: Job, _output: Path) -> Ending:
        raise ZeroDivisionError

    engine = Slow(fail)
    with pytest.raises(ZeroDivisionError):
        carry_out(engine, tmp_path)

    assert engine.stopped == [(Ending.STOPPED, "evaldock failed while the job ran")]


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_a_pipe_or_a_link_out_of_the_output_is_a_failed_job_and_never_opened(kind: str, tmp_path: Path) -> None:
    def work(job: Job, output: Path) -> Ending:
        ending = done()(job, output)
        odd = output / "odd"
        if kind == "pipe":
            os.mkfifo(odd)
        else:
            odd.symlink_to("/etc/hostname")
        return ending

    report, _ = run(work, tmp_path)

    assert report.state is JobState.FAILED
    assert "'odd'" in report.reason


def test_an_adapter_that_trips_is_a_failed_job_with_its_traceback_in_a_file(tmp_path: Path) -> None:
    def work(_job: Job, output: Path) -> Ending:
        (output / "done.json").write_text("{}")  # FakeAdapter takes done["right"]
        return Ending.SUCCEEDED

    report, _ = run(work, tmp_path)

    assert report.state is JobState.FAILED
    assert report.reason == "its output cannot be read: KeyError: 'right'"
    assert "KeyError: 'right'" in (tmp_path / "normalize-error.txt").read_text()


def test_half_a_character_in_an_answer_can_be_written(tmp_path: Path) -> None:
    class Odd(FakeAdapter):
        def normalize(self, evaluation: Evaluation, output: Path) -> Normalized:
            found = super().normalize(evaluation, output)
            sample = Sample(id="0", dataset="pairs", state=SampleState.SCORED, prediction="a\ud800b")
            return Normalized(found.results, (sample,))

    report = carry_out(FakeEngine(done()), tmp_path, adapter=Odd())

    assert report.state is JobState.SUCCEEDED
    assert json.loads((tmp_path / "samples.jsonl").read_text())["prediction"] == "a?b"


def test_what_is_not_known_is_not_counted(tmp_path: Path) -> None:
    one, _ = run(done(right=0, wrong=0, lost=1), tmp_path / "a")
    partial, _ = run(done(right=1, lost=1), tmp_path / "b")

    assert one.reason == "pairs: no sample was scored"
    assert partial.reason == "pairs: 1 of 2 samples scored"
