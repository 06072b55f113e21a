import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.echo.adapter import EchoAdapter
from hub import orchestrator
from hub.adapter import Complaint, Evaluation
from hub.engine import Handle
from hub.engines import Choice
from hub.errors import BaseImageError, EvaldockError, ImageError, PrerequisiteError
from hub.files import write_atomic
from hub.finding import Finding
from hub.images import ImageSpec
from hub.job import Ending, Job
from hub.observer import EngineChosen, Event, Preparing
from hub.orchestrator import plan_task, run
from hub.report import EnvironmentRecord
from hub.runs import find_run, list_runs, read_report
from hub.settings import Settings
from hub.spec import ResourcesSpec
from hub.taskfile import LoadedTask, load_task
from tests.fakes.engine import FakeEngine

TASK = {
    "version": 1,
    "name": "t",
    "models": {"m": {"checkpoint": "/model"}, "n": {"checkpoint": "/model"}},
    "evaluations": [{"backend": "echo", "datasets": ["echo"]}],
}


@pytest.fixture
def task(tmp_path: Path) -> LoadedTask:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(b"weights")
    models = {name: {"checkpoint": str(model)} for name in ("m", "n")}
    return load_task({**TASK, "models": models})


def use(monkeypatch: pytest.MonkeyPatch, engine: FakeEngine, fallback: FakeEngine | None = None) -> None:
    choice = Choice(engine, "it is a test", fallback)
    monkeypatch.setattr(orchestrator, "choose_engine", lambda *_args, **_named: choice)


def echo(job: Job, output: Path) -> Ending:
    """Do what the echo runner does, by running it."""
    import os
    import subprocess
    import sys

    root = output.parent / "root"
    (root / "job").mkdir(parents=True, exist_ok=True)
    for name in ("input", "output"):
        (root / "job" / name).symlink_to(output.parent / name)
    env = {"EVALDOCK_ROOT": str(root), "PYTHONPATH": str(Path(__file__).parents[2]), "PATH": os.environ["PATH"]}
    code = subprocess.run([sys.executable, *job.command[1:]], env=env, check=False).returncode
    return Ending.SUCCEEDED if code == 0 else Ending.FAILED


def test_a_run_leaves_a_folder_that_tells_the_whole_story(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, FakeEngine(echo))

    report, folder = run(task, settings)

    assert report.state == "succeeded"
    assert [job.state.value for job in report.jobs] == ["succeeded", "succeeded"]
    assert read_report(find_run(settings.runs_dir, "latest")) == report
    assert {path.name for path in folder.iterdir()} >= {
        "task.yaml", "plan.json", "run.json", "events.jsonl", "report.json", "report.md", "report.html", "jobs",
    }  # fmt: skip
    assert {path.name for path in (folder / "jobs" / "1-m-echo").iterdir()} >= {
        "input", "output", "outcome.json", "results.json", "samples.jsonl",
    }  # fmt: skip
    events = [json.loads(line)["event"] for line in (folder / "events.jsonl").read_text().splitlines()]
    assert (events[0], events[-1]) == ("run_started", "run_ended")


def test_the_models_identity_holds_the_digest_of_its_weights(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, FakeEngine(echo))

    report, _ = run(task, settings)

    assert "sha256:" in report.jobs[0].results[0].key.model


def test_one_failing_job_does_not_stop_the_others(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(job: Job, output: Path) -> Ending:
        return Ending.OUT_OF_MEMORY if job.id.startswith("1-") else echo(job, output)

    use(monkeypatch, FakeEngine(work))

    report, _ = run(task, settings)

    assert report.state == "partial"
    assert [job.state.value for job in report.jobs] == ["failed", "succeeded"]


def test_an_interrupt_cancels_the_rest_and_still_reports(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(_job: Job, _output: Path) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    engine = FakeEngine(work)
    use(monkeypatch, engine)

    report, folder = run(task, settings)

    assert engine.stopped == [(Ending.STOPPED, "stopped by the user")]
    assert len(engine.submitted) == 1

    assert report.state == "cancelled"
    assert [job.state.value for job in report.jobs] == ["cancelled", "cancelled"]
    assert find_run(settings.runs_dir, folder.name).record.state == "cancelled"


def test_an_interrupt_while_preparing_is_cancelled_too(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine(echo, fail_prepare=KeyboardInterrupt())  # type: ignore[arg-type]
    use(monkeypatch, engine)

    report, folder = run(task, settings)

    assert report.state == "cancelled"
    assert {job.reason for job in report.jobs} == {"the run was stopped before this job"}
    record = find_run(settings.runs_dir, folder.name).record
    assert (record.state, {job.state.value for job in record.jobs}) == ("cancelled", {"cancelled"})


def test_an_interrupt_at_the_end_of_a_job_keeps_its_result_and_starts_no_other(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(job: Job, output: Path) -> Ending:
        ending = echo(job, output)
        os.kill(os.getpid(), signal.SIGINT)
        return ending

    engine = FakeEngine(work)
    use(monkeypatch, engine)

    report, _ = run(task, settings)

    assert [job.state.value for job in report.jobs] == ["succeeded", "cancelled"]
    assert report.jobs[0].results[0].metrics
    assert (len(engine.submitted), engine.stopped) == (1, [])


def test_what_nobody_foresaw_in_a_job_leaves_a_run_that_says_failed(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(job: Job, output: Path) -> Ending:
        if job.id.startswith("2-"):
            raise ZeroDivisionError("surprise")
        return echo(job, output)

    engine = FakeEngine(work)
    use(monkeypatch, engine)

    with pytest.raises(ZeroDivisionError):
        run(task, settings)

    (left,) = list_runs(settings.runs_dir)
    assert (left.record.state, left.record.reason) == ("failed", "unexpected ZeroDivisionError: surprise")
    assert [job.state.value for job in left.record.jobs] == ["succeeded", "failed"]
    assert engine.stopped[0][0] is Ending.STOPPED


def test_a_failing_build_leaves_a_run_that_says_failed(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, FakeEngine(echo, fail_prepare=ImageError("step 3 failed")))

    with pytest.raises(ImageError, match="step 3"):
        run(task, settings)

    (left,) = list_runs(settings.runs_dir)
    assert (left.record.state, left.record.reason) == ("failed", "step 3 failed")
    assert not (left.path / "report.json").exists()


def test_a_servers_image_that_the_engine_cannot_have_is_said_before_a_run_begins(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bare(FakeEngine):
        def find(self, image: ImageSpec) -> EnvironmentRecord | None:
            raise ImageError(f"{image.name} comes as a container image alone")

    use(monkeypatch, Bare(echo))
    model = {"checkpoint": task.spec.models["m"].checkpoint, "serve": {"engine": "vllm"}}

    with pytest.raises(PrerequisiteError, match="image vllm: vllm comes as a container image alone"):
        run(load_task({**TASK, "models": {"m": model}}), settings)

    assert list_runs(settings.runs_dir) == ()


def test_a_full_disk_ends_the_run_in_words(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(_job: Job, _output: Path) -> Ending:
        raise OSError(28, "No space left on device")

    engine = FakeEngine(work)
    use(monkeypatch, engine)

    with pytest.raises(EvaldockError) as caught:
        run(task, settings)

    (left,) = list_runs(settings.runs_dir)
    assert caught.value.message == f"the run cannot go on: the disk of {left.path} is full: No space left on device"
    assert caught.value.hint == f"make room there; then `evaldock resume {left.record.run_id}` goes on with it"
    assert left.record.state == "failed"
    assert engine.stopped[0][0] is Ending.STOPPED


def test_without_a_base_image_auto_takes_the_other_engine_and_says_why(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[Event] = []
    use(monkeypatch, FakeEngine(echo, fail_prepare=BaseImageError("no registry")), FakeEngine(echo))

    report, _ = run(task, settings, observe=events.append)

    assert report.state == "succeeded"
    (chosen,) = [event for event in events if isinstance(event, EngineChosen)]
    assert "no registry" in chosen.reason


def test_what_is_missing_is_said_before_any_folder_is_made(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, FakeEngine(echo))

    with pytest.raises(PrerequisiteError, match="no such folder"):
        run(load_task(TASK), settings)

    assert not settings.runs_dir.exists()


def test_a_model_folder_without_weights_is_a_prerequisite(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "model" / "model.safetensors").unlink()
    use(monkeypatch, FakeEngine(echo))

    with pytest.raises(PrerequisiteError, match="has no weights"):
        run(task, settings)


def test_gpus_that_are_not_there_are_a_prerequisite(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, FakeEngine(echo))
    asked = task.spec.model_copy(update={"resources": ResourcesSpec(gpus=("97",))})

    with pytest.raises(PrerequisiteError, match="asks for 97; nvidia-smi lists"):
        run(load_task(asked), settings)

    assert not settings.runs_dir.exists()


def test_gpus_that_the_machine_s_own_words_leave_out_are_named_by_those_words(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, FakeEngine(echo))
    asked = task.spec.model_copy(update={"resources": ResourcesSpec(gpus=("97",))})

    with pytest.raises(PrerequisiteError, match="asks for 97; EVALDOCK_GPUS states 0"):
        run(load_task(asked), replace(settings, gpus=(("0", 0),)))


def test_an_unset_key_is_a_prerequisite_that_names_the_variable(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, FakeEngine(echo))
    model = {"endpoint": "http://127.0.0.1:9/v1", "model": "q", "api_key_env": "EVALDOCK_TEST_ABSENT"}

    with pytest.raises(PrerequisiteError, match="EVALDOCK_TEST_ABSENT is not set"):
        run(load_task({**TASK, "models": {"m": model}}), settings)


def test_a_preview_starts_and_creates_nothing(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine(echo, findings=(Finding("ok", "fake", "here"),))
    use(monkeypatch, engine)

    plan, findings, line = orchestrator.preview(task, settings)

    assert len(plan.jobs) == 2
    assert "venv" in line
    assert any(finding.subject == "image echo" for finding in findings)
    assert not engine.submitted
    assert not settings.runs_dir.exists()


def test_planning_is_repeatable(task: LoadedTask, settings: Settings) -> None:
    assert plan_task(task, settings) == plan_task(task, settings)


@pytest.mark.parametrize("names", [("m",), ("m", "n")])
def test_what_is_written_before_the_first_job_does_not_grow_with_the_jobs(
    names: tuple[str, ...], task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    at_first_job: list[int] = []

    def count(path: Path, text: str) -> None:
        written.append(path.name)
        write_atomic(path, text)

    def work(job: Job, output: Path) -> Ending:
        at_first_job.append(written.count("run.json"))
        return echo(job, output)

    monkeypatch.setattr("hub.runs.write_atomic", count)
    use(monkeypatch, FakeEngine(work))
    models = {name: task.spec.models[name] for name in names}

    report, _ = run(load_task(task.spec.model_copy(update={"models": models})), settings)

    assert at_first_job[0] == 5  # made, engine chosen, running, the job's own preparing and running
    assert all(job.environment for job in report.jobs)


def test_what_the_plan_left_out_is_worth_knowing(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, FakeEngine(echo))
    models = {**task.spec.models, "n": task.spec.models["n"].model_copy(update={"modality": "vision"})}

    report, folder = run(load_task(task.spec.model_copy(update={"models": models})), settings)

    assert report.warnings == ("left out by the plan: echo does not evaluate vision models: 'n'",)
    assert "## Worth knowing\n\n- left out by the plan" in (folder / "report.md").read_text()


def test_what_an_adapter_cautions_of_is_said_when_a_run_begins_and_in_its_report(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def complain(_adapter: EchoAdapter, _evaluation: Evaluation) -> tuple[Complaint, ...]:
        return (Complaint((), "half a score", refuses=False),)

    use(monkeypatch, FakeEngine(echo))
    monkeypatch.setattr(EchoAdapter, "complain", complain)
    heard: list[Event] = []

    report, _ = run(task, settings, observe=heard.append)

    assert report.warnings == ("half a score",)
    assert "note: half a score" in [event.line for event in heard if isinstance(event, Preparing)]


def test_a_state_folder_on_a_network_file_system_is_said_before_a_run_when_it_begins_and_in_its_report(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"40 27 0:50 / {settings.state_dir} rw - nfs4 server:/state rw\n")
    monkeypatch.setattr("hub.statedisk._MOUNTS", mounts)
    use(monkeypatch, FakeEngine(echo))
    heard: list[Event] = []

    _, findings, _ = orchestrator.preview(task, settings)
    report, _ = run(task, settings, observe=heard.append)

    said = f"{settings.state_dir} is on a network file system (nfs4)"
    assert any(found.level == "warning" and found.message.startswith(said) for found in findings)
    assert any(isinstance(event, Preparing) and event.line.startswith(said) for event in heard)
    assert [text.startswith(said) for text in report.warnings] == [True]


def test_who_looks_from_elsewhere_sees_each_state_as_it_happens(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, ...]] = []

    def look(*_: object) -> None:
        (run,) = list_runs(settings.runs_dir)
        seen.append((run.record.state, *(job.state.value for job in run.record.jobs)))

    class Seen(FakeEngine):
        def prepare(self, *arguments: Any) -> EnvironmentRecord:
            look()
            return super().prepare(*arguments)

        def submit(self, *arguments: Any) -> Handle:
            look()
            return super().submit(*arguments)

    def work(job: Job, output: Path) -> Ending:
        look()
        return echo(job, output)

    normalize = EchoAdapter.normalize
    monkeypatch.setattr(EchoAdapter, "normalize", lambda *given: (look(), normalize(*given))[1])
    use(monkeypatch, Seen(work))
    run(task, settings)
    look()

    assert seen == [
        ("preparing", "queued", "queued"),
        ("running", "preparing", "queued"),
        ("running", "running", "queued"),
        ("running", "normalizing", "queued"),
        ("running", "succeeded", "preparing"),
        ("running", "succeeded", "running"),
        ("running", "succeeded", "normalizing"),
        ("succeeded", "succeeded", "succeeded"),
    ]
