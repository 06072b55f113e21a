"""A job that died in a data set is restarted without it, once; each data set is read from where it was evaluated."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from hub.adapter import DatasetRequest, Evaluation, ModelTarget, Normalized
from hub.engine import Placement
from hub.errors import EngineError, GatewayError, NormalizeError
from hub.execution import Workplace, execute
from hub.job import PREVIOUS, Ending, Job
from hub.jobfolder import with_past
from hub.observer import Event, JobChanged, JobRestarted
from hub.plan import PlannedJob
from hub.report import (
    Counts,
    EnvironmentRecord,
    JobReport,
    JobState,
    Metric,
    Raw,
    Result,
    ResultKey,
    Sample,
    SampleState,
    Source,
)
from hub.vigil import Vigil
from tests.fakes.adapter import FakeAdapter
from tests.fakes.engine import FakeEngine

LABELS = ("a", "b", "c")


class Backend(FakeAdapter):
    """Each data set's score is a file named after it; `all` in its place is a score that needs every data set."""

    def translate(self, evaluation: Evaluation) -> dict[str, str]:
        return {"task.json": json.dumps([request.label for request in evaluation.datasets])}

    def command(self, evaluation: Evaluation) -> tuple[str, ...]:
        return ("python", "-m", "fake")

    def normalize(self, evaluation: Evaluation, output: Path) -> Normalized:
        if (output / "broken").exists():
            raise NormalizeError("its files are broken")
        results = tuple(self._result(output / request.label, request.label) for request in evaluation.datasets)
        samples = [
            Sample(id="0", dataset=label, state=SampleState.SCORED, prediction=(output / label).read_text())
            for label in LABELS  # more than was asked for
            if (output / label).exists()
        ]
        return Normalized(results, tuple(samples))

    def _result(self, file: Path, label: str) -> Result:
        key = ResultKey(benchmark=label)
        text = file.read_text() if file.exists() else ""
        if not text or text == "half":
            return Result(dataset=label, key=key, counts=Counts(planned=2, scored=bool(text)), absent="no score")
        metric = Metric(
            name="accuracy",
            raw=Raw(literal=text, unit="fraction", maximum=1),
            value=float(text),
            source=Source(file=label, key=""),
        )
        return Result(dataset=label, key=key, counts=Counts(planned=2, scored=2), metrics=(metric,))


class Runner:
    """The container's half: evaluates the data sets of its input in order, and dies as told."""

    def __init__(self, dies_in: dict[str, Ending], *, finishes: Callable[[str, Path], None] | None = None) -> None:
        self.dies_in = dies_in
        self.finishes = finishes
        self.starts: list[list[str]] = []

    def __call__(self, job: Job, output: Path) -> Ending:
        labels = json.loads(job.files["task.json"])
        self.starts.append(labels)
        events = output / "events.jsonl"
        for label in labels:
            self.say(events, "planned", label)
            if label in self.dies_in:
                (output / label).write_text("half")
                self.say(events, "progress", label)
                return self.dies_in[label]
            (output / label).write_text(f"0.{len(self.starts)}")
            if self.finishes:
                self.finishes(label, output)
            self.say(events, "finished", label)
        return Ending.SUCCEEDED

    @staticmethod
    def say(events: Path, kind: str, label: str) -> None:
        with events.open("a") as file:
            file.write(json.dumps({"event": kind, "dataset": label, "done": 1, "total": 2}) + "\n")


def evaluation(*labels: str) -> Evaluation:
    requests = tuple(DatasetRequest(label, label) for label in labels)
    return Evaluation("echo", ModelTarget("m", "in_job", path="/models/m"), requests, seed=1)


def planned(*labels: str) -> PlannedJob:
    what, adapter = evaluation(*labels), Backend()
    job = Job("1-m-echo", "echo", adapter.command(what), adapter.translate(what))
    return PlannedJob(what, job, (), {})


def carry_out(
    engine: FakeEngine,
    folder: Path,
    *,
    labels: tuple[str, ...] = LABELS,
    events: list[Event] | None = None,
    job: PlannedJob | None = None,
    **work: object,
) -> JobReport:
    environment = EnvironmentRecord(engine="venv", image="echo", reference="/fake", digest="sha256:0")
    observe = events.append if events is not None else lambda _event: None
    facts = {"loss": lambda: "", "interrupted": lambda: False, **work}
    place = Workplace("run", engine, {"echo": environment}, observe, **facts)  # type: ignore[arg-type]
    return execute(job or planned(*labels), Backend(), Placement("run", folder), place)


def scores(report: JobReport) -> dict[str, str]:
    return {
        result.dataset: result.metrics[0].raw.literal if result.metrics else result.absent
        for result in report.results
    }


@pytest.mark.parametrize("ending", [Ending.OUT_OF_MEMORY, Ending.SIGNALLED, Ending.LOST, Ending.FAILED])
def test_a_job_that_died_in_a_data_set_is_restarted_without_it(ending: Ending, tmp_path: Path) -> None:
    runner = Runner({"b": ending})
    report = carry_out(FakeEngine(runner), tmp_path)

    assert runner.starts == [["a", "b", "c"], ["c"]]
    assert scores(report) == {"a": "0.1", "b": f"the job ended in it: ended: {ending.value}", "c": "0.2"}
    assert report.state is JobState.PARTIAL
    assert report.reason == f"b was left out, because the job ended in it: ended: {ending.value}"


def test_the_data_set_it_died_in_keeps_its_counts_and_has_no_score(tmp_path: Path) -> None:
    report = carry_out(FakeEngine(Runner({"b": Ending.SIGNALLED})), tmp_path)

    assert [(result.counts.scored, result.counts.planned) for result in report.results] == [(2, 2), (1, 2), (2, 2)]


def test_samples_of_both_starts_are_kept_each_once(tmp_path: Path) -> None:
    carry_out(FakeEngine(Runner({"b": Ending.SIGNALLED})), tmp_path)

    lines = [json.loads(line) for line in (tmp_path / "samples.jsonl").read_text().splitlines()]
    assert [(line["dataset"], line["prediction"]) for line in lines] == [("a", "0.1"), ("b", "half"), ("c", "0.2")]


def test_the_restart_is_told_and_what_the_first_start_left_is_kept(tmp_path: Path) -> None:
    events: list[Event] = []
    carry_out(FakeEngine(Runner({"b": Ending.SIGNALLED})), tmp_path, events=events)

    assert [event for event in events if isinstance(event, JobRestarted)] == [
        JobRestarted("1-m-echo", "b", "ended: signalled")
    ]
    assert json.loads((tmp_path / "first" / "outcome.json").read_text())["ending"] == "signalled"
    assert json.loads((tmp_path / "first" / "input" / "task.json").read_text()) == ["a", "b", "c"]
    assert json.loads((tmp_path / "outcome.json").read_text())["ending"] == "succeeded"


def test_the_second_start_of_a_checkpoint_sees_what_the_first_one_left(tmp_path: Path) -> None:
    resumed = planned(*LABELS)
    resumed = replace(resumed, job=with_past(resumed.job, tmp_path / "previous"))
    engine = FakeEngine(Runner({"b": Ending.SIGNALLED}))
    carry_out(engine, tmp_path, job=resumed)

    pasts = [[mount.source for mount in job.mounts if mount.target == PREVIOUS] for job in engine.submitted]
    assert pasts == [[tmp_path / "previous"], [tmp_path / "first" / "output"]]


def test_it_is_restarted_once(tmp_path: Path) -> None:
    runner = Runner({"a": Ending.SIGNALLED, "b": Ending.OUT_OF_MEMORY})
    report = carry_out(FakeEngine(runner), tmp_path)

    assert runner.starts == [["a", "b", "c"], ["b", "c"]]
    assert scores(report)["c"] == "no score"
    assert report.state is JobState.FAILED
    assert report.reason.startswith("a was left out, because the job ended in it: ended: signalled; ended: out_of")


@pytest.mark.parametrize("labels", [("a",), ("b", "a")])
def test_a_job_that_died_in_its_last_data_set_is_not_restarted(labels: tuple[str, ...], tmp_path: Path) -> None:
    runner = Runner({"a": Ending.SIGNALLED})
    report = carry_out(FakeEngine(runner), tmp_path, labels=labels)

    assert runner.starts == [list(labels)]
    assert not (tmp_path / "first").exists()
    assert report.reason == "ended: signalled"


def test_a_job_that_died_before_its_first_data_set_is_not_restarted(tmp_path: Path) -> None:
    engine = FakeEngine(lambda _job, _output: Ending.OUT_OF_MEMORY)
    report = carry_out(engine, tmp_path)

    assert (len(engine.submitted), report.state) == (1, JobState.FAILED)


def test_a_backend_that_gave_up_on_purpose_is_not_restarted(tmp_path: Path) -> None:
    class Decided(Runner):
        def __call__(self, job: Job, output: Path) -> Ending:
            ending = super().__call__(job, output)
            with (output / "events.jsonl").open("a") as file:
                file.write('{"event": "failed", "reason": "no"}\n')
            return ending

    runner = Decided({"b": Ending.FAILED})
    report = carry_out(FakeEngine(runner), tmp_path)

    assert (len(runner.starts), report.reason) == (1, "no")


@pytest.mark.parametrize("ending", [Ending.SUCCEEDED, Ending.STOPPED])
def test_one_that_ended_well_or_was_stopped_is_not_restarted(ending: Ending, tmp_path: Path) -> None:
    runner = Runner({"b": ending})
    carry_out(FakeEngine(runner), tmp_path)

    assert len(runner.starts) == 1


def test_after_its_time_out_a_job_is_not_restarted(tmp_path: Path) -> None:
    class Endless(Runner):
        def __call__(self, job: Job, output: Path) -> None:  # type: ignore[override]
            super().__call__(job, output)

    runner, job = Endless({"b": Ending.SIGNALLED}), planned(*LABELS)
    job = replace(job, job=replace(job.job, limits=replace(job.job.limits, timeout_s=1e-9)))
    report = carry_out(FakeEngine(runner), tmp_path, job=job)  # type: ignore[arg-type]

    assert len(runner.starts) == 1
    assert "its time-out" in report.reason


def test_a_job_that_falls_silent_is_ended_and_restarted_without_what_it_hung_in(tmp_path: Path) -> None:
    class Hangs(Runner):
        def __call__(self, job: Job, output: Path) -> Ending | None:  # type: ignore[override]
            if (output / "b").exists():
                return None
            ending = super().__call__(job, output)
            return None if (output / "b").exists() else ending

    runner, job = Hangs({"b": Ending.SIGNALLED}), planned(*LABELS)
    job = replace(job, job=replace(job.job, limits=replace(job.job.limits, idle_s=0.05)))
    report = carry_out(FakeEngine(runner), tmp_path, job=job)  # type: ignore[arg-type]

    assert runner.starts == [["a", "b", "c"], ["c"]]
    assert scores(report)["b"].startswith("the job ended in it: no sign of life for 50 ms")
    assert scores(report)["c"] == "0.2"


@pytest.mark.parametrize("work", [{"interrupted": lambda: True}, {"loss": lambda: "the gateway died"}])
def test_a_run_that_is_over_restarts_nothing(work: dict[str, object], tmp_path: Path) -> None:
    runner, job = Runner({"b": Ending.SIGNALLED}), planned(*LABELS)
    job = replace(job, job=replace(job.job, gateway=True))
    carry_out(FakeEngine(runner), tmp_path, job=job, **work)

    assert len(runner.starts) == 1


def test_what_the_first_start_finished_but_cannot_be_read_is_evaluated_again(tmp_path: Path) -> None:
    def break_it(label: str, output: Path) -> None:
        if not (tmp_path / "first").exists():
            (output / "broken").touch()

    runner = Runner({"b": Ending.SIGNALLED}, finishes=break_it)
    report = carry_out(FakeEngine(runner), tmp_path)

    assert runner.starts == [["a", "b", "c"], ["a", "c"]]
    assert scores(report) == {"a": "0.2", "b": "the job ended in it: ended: signalled", "c": "0.2"}


def test_a_second_start_that_leaves_nothing_readable_does_not_cost_the_first_ones_results(tmp_path: Path) -> None:
    def break_it(label: str, output: Path) -> None:
        if (tmp_path / "first").exists():
            (output / "broken").touch()

    report = carry_out(FakeEngine(Runner({"b": Ending.SIGNALLED}, finishes=break_it)), tmp_path)

    assert scores(report) == {
        "a": "0.1",
        "b": "the job ended in it: ended: signalled",
        "c": "its files are broken",
    }


def test_an_engine_that_cannot_start_it_again_costs_the_rest_alone(tmp_path: Path) -> None:
    class Full(FakeEngine):
        def submit(self, *arguments: object) -> object:  # type: ignore[override]
            if self.submitted:
                raise EngineError("the disk is full")
            return super().submit(*arguments)  # type: ignore[arg-type]

    report = carry_out(Full(Runner({"b": Ending.SIGNALLED})), tmp_path)

    assert scores(report)["a"] == "0.1"
    assert report.reason.endswith("the disk is full")


def test_a_gateway_that_cannot_serve_it_again_costs_the_rest_alone(tmp_path: Path) -> None:
    def refuse(_planned: PlannedJob) -> None:
        raise GatewayError("the gateway died")

    runner = Runner({"b": Ending.SIGNALLED})
    report = carry_out(FakeEngine(runner), tmp_path, serve_again=refuse)

    assert len(runner.starts) == 1
    assert scores(report)["a"] == "0.1"
    assert report.reason.endswith("the gateway died")


def test_what_an_earlier_run_of_the_job_set_aside_is_forgotten(tmp_path: Path) -> None:
    carry_out(FakeEngine(Runner({"b": Ending.SIGNALLED})), tmp_path)

    report = carry_out(FakeEngine(Runner({})), tmp_path)

    assert (report.state, report.reason) == (JobState.SUCCEEDED, "")
    assert scores(report) == {"a": "0.1", "b": "0.1", "c": "0.1"}


def test_the_job_took_as_long_as_both_starts(tmp_path: Path) -> None:
    report = carry_out(FakeEngine(Runner({"b": Ending.SIGNALLED})), tmp_path)

    first = json.loads((tmp_path / "first" / "outcome.json").read_text())
    assert report.started_at == first["started_at"]
    assert report.ended_at is not None
    assert report.ended_at >= first["ended_at"]


def test_states_are_told_in_order(tmp_path: Path) -> None:
    events: list[Event] = []
    carry_out(FakeEngine(Runner({"b": Ending.SIGNALLED})), tmp_path, events=events)

    told = [
        event.state if isinstance(event, JobChanged) else "restarted"
        for event in events
        if not hasattr(event, "done")
    ]
    started = [JobState.PREPARING, JobState.RUNNING, "restarted", JobState.PREPARING, JobState.RUNNING]
    assert told == [*started, JobState.NORMALIZING, JobState.PARTIAL]


@pytest.mark.parametrize(("watched", "ending"), [(True, Ending.SUCCEEDED), (False, Ending.TIMED_OUT)])
def test_a_job_whose_model_is_asked_is_not_silent(
    watched: bool, ending: Ending, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, looks, ended = count(step=10), count(1), count(1)

    def work(_job: Job, _output: Path) -> Ending | None:
        return Ending.SUCCEEDED if next(looks) == 40 else None

    monkeypatch.setattr("hub.execution.Vigil", partial(Vigil, clock=lambda: next(clock)))
    job = planned(*LABELS)
    job = replace(job, job=replace(job.job, limits=replace(job.job.limits, idle_s=100)))
    carry_out(FakeEngine(work), tmp_path / "job", job=job, calls=lambda: next(ended) if watched else 0)

    assert json.loads((tmp_path / "job" / "outcome.json").read_text())["ending"] == ending.value
