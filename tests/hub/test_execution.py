import json
from pathlib import Path

from hub.engine import Placement
from hub.errors import EngineError
from hub.execution import Workplace, execute
from hub.job import Ending, Job
from hub.observer import Event, JobChanged, Progressed, Said
from hub.report import EnvironmentRecord, JobReport, JobState
from tests.fakes.adapter import FakeAdapter
from tests.fakes.engine import FakeEngine, Work
from tests.hub.test_plan import plan


def done(right: int = 1, wrong: int = 0, lost: int = 0, ending: Ending = Ending.SUCCEEDED) -> Work:
    def work(_job: Job, output: Path) -> Ending:
        (output / "done.json").write_text(json.dumps({"right": right, "wrong": wrong, "lost": lost}))
        return ending

    return work


def run(work: Work, folder: Path, events: list[Event] | None = None) -> tuple[JobReport, FakeEngine]:
    engine = FakeEngine(work)
    environment = EnvironmentRecord(engine="venv", image="echo", reference="/fake", digest="sha256:0")
    observe = events.append if events is not None else lambda _event: None
    place = Workplace("run", engine, {"echo": environment}, observe, lambda: True)
    return execute(plan().jobs[0], FakeAdapter(), Placement("run", folder), place), engine


def test_a_job_that_scores_everything_succeeded(tmp_path: Path) -> None:
    report, _ = run(done(right=3, wrong=1), tmp_path)

    assert report.state is JobState.SUCCEEDED
    assert report.results[0].metrics[0].value == 0.75
    assert json.loads((tmp_path / "outcome.json").read_text())["ending"] == "succeeded"
    assert json.loads((tmp_path / "results.json").read_text())[0]["dataset"] == "pairs"
    assert json.loads((tmp_path / "samples.jsonl").read_text())["prediction"] == "<b>&\u202e"


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

    assert (report.state, report.reason) == (JobState.FAILED, "no weights; look")


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
    assert states == [JobState.RUNNING, JobState.NORMALIZING, JobState.SUCCEEDED]


def test_an_interrupt_stops_the_job_and_keeps_what_was_scored(tmp_path: Path) -> None:
    def work(job: Job, output: Path) -> Ending:
        done(right=1, lost=1)(job, output)
        raise KeyboardInterrupt

    report, engine = run(work, tmp_path)

    assert engine.stopped == [(Ending.STOPPED, "stopped by the user")]
    assert report.state is JobState.CANCELLED
    assert report.results[0].counts.scored == 1


def test_an_engine_that_fails_is_a_failed_job(tmp_path: Path) -> None:
    class Broken(FakeEngine):
        def submit(self, *_args: object) -> None:  # type: ignore[override]
            raise EngineError("the disk is full")

    engine = Broken(done())
    environment = EnvironmentRecord(engine="venv", image="echo", reference="/fake", digest="sha256:0")
    place = Workplace("run", engine, {"echo": environment}, lambda _event: None, lambda: True)

    report = execute(plan().jobs[0], FakeAdapter(), Placement("run", tmp_path), place)

    assert (report.state, report.reason) == (JobState.FAILED, "the disk is full")


def test_inputs_are_readable_by_whoever_the_job_runs_as(tmp_path: Path) -> None:
    run(done(), tmp_path)

    assert (tmp_path / "input" / "task.json").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "input").stat().st_mode & 0o777 == 0o755
