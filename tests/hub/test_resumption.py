import http.client
import json
import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.echo.adapter import EchoAdapter
from hub import orchestrator
from hub.adapter import Asset
from hub.engines import Choice
from hub.errors import ChangedRunError, ImageError, InterruptedRunError, PrerequisiteError, RunError
from hub.job import PREVIOUS, SOCKET_NAME, Ending, Job
from hub.observer import Event, Preparing, RunResumed, RunStarted
from hub.overrides import Changes
from hub.report import EnvironmentRecord, Report
from hub.resumption import Wish, resume
from hub.runs import RunFolder, list_runs, open_run, read_job, shown_state
from hub.settings import Settings
from hub.taskfile import load_task
from hub.version import VERSION
from tests.fakes.data_adapter import reading
from tests.fakes.engine import FakeEngine
from tests.fakes.upstream import FakeUpstream
from tests.hub.test_adversity import jumping_clock, quick_echo

DAY_S = 86400.0
OLD = Path(__file__).parents[1] / "fixtures" / "runs" / "v1"
EVALUATION = {"backend": "echo", "datasets": [{"name": "echo", "options": {"n": 3}}]}


class Killed(BaseException):
    """What nothing catches: evaldock ends here and now."""


Work = Callable[[Job, Path], Ending | None]


def ask(path: Path, body: dict[str, Any]) -> None:
    """Send one request to a gateway's socket, as a runner does."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        client = http.client.HTTPConnection("gateway")
        client.sock = connection
        client.request(
            "POST", "/candidate/echo/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"}
        )
        assert client.getresponse().status == 200


class Machine:
    """A machine on which evaldock runs a task, dies, and comes back."""

    def __init__(self, settings: Settings, task: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = settings
        self.task = task
        self.monkeypatch = monkeypatch
        self.events: list[Event] = []

    def use(self, engine: FakeEngine) -> FakeEngine:
        self.engine = engine
        choice = Choice(engine, "it is a test")
        self.monkeypatch.setattr(orchestrator, "choose_engine", lambda *_args, **_named: choice)
        return engine

    def run(self, work: Work, engine: FakeEngine | None = None) -> Report:
        self.use(engine or FakeEngine(work))
        report, _ = orchestrator.run(load_task(self.task), self.settings)
        return report

    def run_until_killed(self, work: Work) -> None:
        with pytest.raises(Killed):
            self.run(work)

    def resume(
        self,
        work: Work = quick_echo,
        *sets: str,
        engine: FakeEngine | None = None,
        **wish: Any,
    ) -> tuple[Report, FakeEngine]:
        used = self.use(engine or FakeEngine(work))
        report, _ = resume(self.left, self.settings, Wish(changes=Changes(sets), **wish), self.events.append)
        return report, used

    def asking(self, work: Work) -> Work:
        """Return what asks the job's model once for each sample, and then does `work`."""

        def both(job: Job, output: Path) -> Ending | None:
            folder = self.engine.places[job.id].socket_dir
            assert folder is not None
            for number in range(3):
                ask(folder / SOCKET_NAME, {"messages": [{"role": "user", "content": str(number)}]})
            return work(job, output)

        return both

    @property
    def left(self) -> RunFolder:
        (run,) = list_runs(self.settings.runs_dir)
        return run

    def job(self, number: int) -> Path:
        return self.left.job_folder(self.left.record.jobs[number - 1].id)

    def bytes_of_all(self) -> dict[str, bytes]:
        """Return every file of the run but its diaries and lock."""
        files = (path for path in self.left.path.rglob("*") if path.is_file())
        return {
            str(path): path.read_bytes()
            for path in files
            if path.name not in {"events.jsonl", "prepare.log", ".lock"}
        }


@pytest.fixture
def machine(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Machine:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(b"weights")
    models = {name: {"checkpoint": str(model)} for name in ("m", "n")}
    return Machine(settings, {"version": 1, "name": "t", "models": models, "evaluations": [EVALUATION]}, monkeypatch)


def killed_in_second(job: Job, output: Path) -> Ending:
    if job.id.startswith("2-"):
        (output / "half.jsonl").write_text("half")
        raise Killed
    return quick_echo(job, output)


def fails_in_second(job: Job, output: Path) -> Ending:
    quick_echo(job, output)
    return Ending.FAILED if job.id.startswith("2-") else Ending.SUCCEEDED


def interrupts(_job: Job, _output: Path) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_what_succeeded_is_kept_and_the_rest_is_run(machine: Machine) -> None:
    machine.run_until_killed(killed_in_second)
    kept = (machine.job(1) / "job.json").read_bytes()
    assert shown_state(machine.left) == "interrupted"

    report, engine = machine.resume()

    assert [job.id for job in engine.submitted] == ["2-n-echo"]
    assert (report.state, [job.starts for job in report.jobs]) == ("succeeded", [1, 2])
    assert (machine.job(1) / "job.json").read_bytes() == kept
    assert [job.starts for job in machine.left.record.jobs] == [1, 2]
    assert machine.left.record.state == "succeeded"


def test_the_report_begins_when_the_run_began_and_ends_later(machine: Machine) -> None:
    machine.run_until_killed(killed_in_second)
    began = machine.left.record.created_at

    report, _ = machine.resume()

    assert report.started_at == began
    assert report.ended_at > machine.left.record.resumed_at[0] > began


def test_the_pause_before_a_resume_is_no_time_of_the_run(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.run(fails_in_second)
    jumping_clock(monkeypatch, by_s=DAY_S)()

    report, _ = machine.resume()

    first, second = report.stretches
    assert report.ended_at - report.started_at > DAY_S
    assert second.ended_at == report.ended_at
    assert first.ended_at < second.started_at
    assert report.worked_s < 60


def test_a_killed_start_counts_up_to_its_last_sign(machine: Machine) -> None:
    machine.run_until_killed(killed_in_second)
    last = max(event["time"] for event in machine.left.events())

    report, _ = machine.resume()

    assert report.stretches[0].ended_at == last


def test_a_resumed_run_says_so_and_what_it_keeps(machine: Machine) -> None:
    machine.run_until_killed(killed_in_second)

    machine.resume()

    assert machine.events[0] == RunResumed(
        machine.left.record.run_id, str(machine.left.path), ("1-m-echo", "2-n-echo"), ("1-m-echo",)
    )
    assert not any(isinstance(event, RunStarted) for event in machine.events)


def test_a_job_that_had_ended_is_only_read(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(EchoAdapter, "normalize", killed)
        machine.run_until_killed(quick_echo)
    assert machine.left.record.jobs[0].state.value == "normalizing"

    report, engine = machine.resume()

    assert [job.id for job in engine.submitted] == ["2-n-echo"]
    assert (report.state, [job.starts for job in report.jobs]) == ("succeeded", [1, 1])
    assert report.jobs[0].environment is not None


def test_what_is_read_and_is_not_whole_runs_again(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def loses_one(job: Job, output: Path) -> Ending:
        quick_echo(job, output)
        lines = (output / "echo" / "samples.jsonl").read_text().splitlines(keepends=True)
        (output / "echo" / "samples.jsonl").write_text("".join(lines[:2]))
        return Ending.SUCCEEDED

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(EchoAdapter, "normalize", killed)
        machine.run_until_killed(loses_one)

    report, engine = machine.resume()

    assert [job.id for job in engine.submitted] == ["1-m-echo", "2-n-echo"]
    assert (report.state, [job.starts for job in report.jobs]) == ("succeeded", [2, 1])


def test_a_failed_job_runs_again_and_sees_what_it_left(machine: Machine) -> None:
    machine.run(fails_in_second)
    (machine.job(2) / "log.txt").write_text("first")

    report, engine = machine.resume()

    (again,) = engine.submitted
    assert report.state == "succeeded"
    assert {path.name for path in (machine.job(2) / "previous").iterdir()} >= {
        "output",
        "log.txt",
        "outcome.json",
        "job.json",
    }
    assert (machine.job(2) / "previous" / "log.txt").read_text() == "first"
    (past,) = [mount for mount in again.mounts if mount.target == PREVIOUS]
    assert (past.source, past.read_only) == (machine.job(2) / "previous" / "output", True)


def test_a_job_behind_an_endpoint_has_no_past_but_the_cache(machine: Machine) -> None:
    with FakeUpstream() as upstream:
        machine.task["models"] = {"m": {"endpoint": upstream.base_url, "model": "fake"}}
        machine.run(lambda job, output: (quick_echo(job, output), Ending.FAILED)[1])

        _, engine = machine.resume()

    assert [mount.target for mount in engine.submitted[0].mounts] == []


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A file of a user's data, which both jobs read."""
    file = tmp_path / "q.jsonl"
    file.write_text("1\n")
    with reading(Asset("dataset", "q", "/data/q/q.jsonl", "local", str(file))):
        yield file


def test_data_of_the_user_that_changed_under_the_same_path_are_refused(machine: Machine, data: Path) -> None:
    machine.run(fails_in_second)
    data.write_text("2\n")
    before = machine.bytes_of_all()

    with pytest.raises(ChangedRunError, match=re.escape(f"2-n-echo: content of {data}: 1 file, 2 B, sha256:")):
        machine.resume()

    assert machine.bytes_of_all() == before


def test_by_force_the_jobs_that_read_changed_data_run_anew(machine: Machine, data: Path) -> None:
    machine.run(fails_in_second)
    data.write_text("2\n")

    report, engine = machine.resume(force=True)

    assert [job.id for job in engine.submitted] == ["1-m-echo", "2-n-echo"]
    assert report.state == "succeeded"


def test_what_was_forced_once_is_what_the_next_resume_compares_with(machine: Machine, data: Path) -> None:
    machine.run(fails_in_second)
    data.write_text("2\n")
    machine.resume(fails_in_second, force=True)

    report, engine = machine.resume()

    assert [job.id for job in engine.submitted] == ["2-n-echo"]
    assert report.state == "succeeded"


def test_the_same_data_written_again_are_no_change(machine: Machine, data: Path) -> None:
    machine.run(fails_in_second)
    os.utime(data, (0, 0))

    report, _ = machine.resume()

    assert report.state == "succeeded"


def test_a_run_that_kept_no_fingerprints_goes_on_whatever_its_data_are(machine: Machine, data: Path) -> None:
    machine.run(fails_in_second)
    file = machine.left.path / "run.json"
    record = json.loads(file.read_text())
    for job in record["jobs"]:
        assert list(job.pop("data")) == ["/data/q/q.jsonl"]
    file.write_text(json.dumps(record))
    data.write_text("2\n")

    report, _ = machine.resume()

    assert report.state == "succeeded"
    assert all(job.data for job in machine.left.record.jobs)


def test_data_that_are_gone_are_missing_not_changed(machine: Machine, data: Path) -> None:
    machine.run(fails_in_second)
    data.unlink()

    with pytest.raises(PrerequisiteError, match=re.escape(str(data))):
        machine.resume()


def test_every_start_of_a_job_counts(machine: Machine) -> None:
    machine.run(fails_in_second)
    machine.resume(fails_in_second)

    report, _ = machine.resume(fails_in_second)

    assert (report.state, [job.starts for job in report.jobs]) == ("partial", [1, 3])
    assert len(machine.left.record.resumed_at) == 2


def test_a_run_that_succeeded_is_not_touched(machine: Machine) -> None:
    first = machine.run(quick_echo)
    before = machine.bytes_of_all()

    report, engine = machine.resume()

    assert report == first
    assert engine.submitted == []
    assert machine.bytes_of_all() == before


def test_a_live_run_is_refused_and_its_driver_named(machine: Machine) -> None:
    machine.run_until_killed(killed_in_second)

    with machine.left.lock(), pytest.raises(RunError, match=f"driven by process {os.getpid()}"):
        machine.resume()


def test_a_run_of_a_version_that_kept_too_little_is_refused(settings: Settings) -> None:
    (folder,) = OLD.iterdir()

    with pytest.raises(RunError, match="which kept too little to resume it"):
        resume(open_run(folder), settings)


def test_what_makes_results_cannot_change_and_nothing_is_touched(machine: Machine) -> None:
    machine.run_until_killed(killed_in_second)
    before = machine.bytes_of_all()

    with pytest.raises(ChangedRunError, match=r"datasets\[0\].options.n: 3 -> 2") as refused:
        machine.resume(quick_echo, "evaluations[0].datasets[0].options.n=2")

    assert "--force" in refused.value.hint
    assert refused.value.exit_code == 2
    assert machine.bytes_of_all() == before


def test_by_force_finished_jobs_that_did_not_change_are_kept_and_others_run_anew(machine: Machine) -> None:
    second = {**EVALUATION, "datasets": [{"name": "echo", "options": {"n": 3}}], "models": ["n"]}
    machine.task["evaluations"] = [{**EVALUATION, "models": ["m"]}, second]
    machine.run(fails_in_second)

    def work(job: Job, output: Path) -> Ending:
        assert not any(mount.target == PREVIOUS for mount in job.mounts)
        return quick_echo(job, output)

    report, engine = machine.resume(work, "evaluations[1].datasets[0].generation.temperature=1", force=True)

    assert [job.id for job in engine.submitted] == ["2-n-echo"]
    assert report.jobs[1].results[0].key.generation == {"temperature": 1.0}
    assert json.loads((machine.left.path / "plan.json").read_text())["jobs"][1]["evaluation"]["datasets"][0][
        "generation"
    ]


def test_by_force_a_finished_job_that_changed_runs_anew(machine: Machine) -> None:
    machine.run(fails_in_second)

    report, engine = machine.resume(quick_echo, "seed=7", force=True)

    assert len(engine.submitted) == 2
    assert {job.results[0].key.seed for job in report.jobs} == {7}


def test_killed_between_force_and_the_end_nothing_of_the_old_plan_is_taken_for_the_new(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.run(fails_in_second)

    def killed(_job: Job, _output: Path) -> None:
        raise Killed

    with pytest.raises(Killed):
        machine.resume(killed, "seed=7", force=True)

    report, _ = machine.resume()

    assert {job.results[0].key.seed for job in report.jobs} == {7}


def test_a_longer_time_out_is_no_change_and_stays_for_the_next_time(machine: Machine) -> None:
    machine.run(fails_in_second)

    machine.resume(fails_in_second, "resources.timeout=9h")
    _, engine = machine.resume(fails_in_second)

    assert engine.submitted[0].limits.timeout_s == 9 * 3600
    assert "timeout: 9h" in (machine.left.path / "task.resumed-1.yaml").read_text()
    assert not (machine.left.path / "task.resumed-2.yaml").exists()


def test_variables_are_read_anew(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEED_OF_TEST", "0.5")
    machine.task["generation"] = {"stop": ["${SEED_OF_TEST}"]}
    machine.run(fails_in_second)
    monkeypatch.setenv("SEED_OF_TEST", "0.7")

    with pytest.raises(ChangedRunError, match=r"generation.stop\[0\]: 0.5 -> 0.7"):
        machine.resume()


class Rebuilt(FakeEngine):
    """Its image is another one now."""

    def prepare(self, *arguments: Any) -> EnvironmentRecord:
        return super().prepare(*arguments).model_copy(update={"digest": "sha256:other"})


def test_another_image_is_refused_and_the_run_stays_what_it_was(machine: Machine) -> None:
    machine.run(fails_in_second)
    before = machine.bytes_of_all()

    with pytest.raises(ChangedRunError, match="image digest: sha256:fake -> sha256:other"):
        machine.resume(engine=Rebuilt(quick_echo))

    assert machine.bytes_of_all() == before


def test_by_force_in_another_image_the_report_warns_of_what_was_kept(machine: Machine) -> None:
    machine.run(fails_in_second)

    report, engine = machine.resume(engine=Rebuilt(quick_echo), force=True)

    assert [job.id for job in engine.submitted] == ["2-n-echo"]
    assert not any(mount.target == PREVIOUS for mount in engine.submitted[0].mounts)
    assert "1-m-echo: image digest was sha256:fake, is now sha256:other" in report.warnings


class BuiltAgain(FakeEngine):
    """Its image has the name of its recipe, and at each build another id."""

    def __init__(self, work: Work, build: str, tag: str = "evaldock/echo:0123456789ab") -> None:
        super().__init__(work)
        self.made = {"reference": tag, "digest": f"sha256:{build}"}

    def prepare(self, *arguments: Any) -> EnvironmentRecord:
        return super().prepare(*arguments).model_copy(update=self.made)


def test_an_image_that_was_built_again_from_the_same_goes_on_and_the_report_says_so(machine: Machine) -> None:
    machine.run(fails_in_second, BuiltAgain(fails_in_second, "first"))

    report, engine = machine.resume(engine=BuiltAgain(quick_echo, "second"))

    assert [job.id for job in engine.submitted] == ["2-n-echo"]
    assert any(mount.target == PREVIOUS for mount in engine.submitted[0].mounts)
    assert [job.environment.digest for job in report.jobs if job.environment] == ["sha256:first", "sha256:second"]
    told = "image evaldock/echo:0123456789ab was built again from the same: it was sha256:first, is now sha256:second"
    assert told in report.warnings


@pytest.mark.parametrize("tag", ["evaldock/echo:ffffffffffff", "mine/echo:latest"])
def test_an_image_of_another_recipe_or_of_the_users_own_name_is_another_one(machine: Machine, tag: str) -> None:
    before = "mine/echo:latest" if tag.startswith("mine") else "evaldock/echo:0123456789ab"
    machine.run(fails_in_second, BuiltAgain(fails_in_second, "first", before))

    with pytest.raises(ChangedRunError, match="image digest: sha256:first -> sha256:second"):
        machine.resume(engine=BuiltAgain(quick_echo, "second", tag))


def test_other_weights_are_refused(machine: Machine, tmp_path: Path) -> None:
    machine.run(fails_in_second)
    (tmp_path / "model" / "model.safetensors").write_bytes(b"others")

    with pytest.raises(ChangedRunError, match="2-n-echo: weights: "):
        machine.resume()


@pytest.fixture
def upstream(machine: Machine) -> Any:
    with FakeUpstream(models=("q",)) as upstream:
        upstream.entry = {"max_model_len": 4096, "created": 1}
        model = {"endpoint": upstream.base_url, "model": "q"}
        machine.task["models"] = {"m": model, "n": model}
        yield upstream


def test_the_same_model_behind_the_endpoint_is_asked_once_and_goes_on(
    machine: Machine, upstream: FakeUpstream
) -> None:
    machine.run(machine.asking(fails_in_second))
    upstream.entry["created"] = 2
    upstream.requests.clear()

    report, _ = machine.resume(machine.asking(quick_echo))

    assert report.state == "succeeded"
    assert [request.path for request in upstream.requests].count("/v1/models") == 1
    assert machine.left.record.upstreams[0]["entry"] == {"id": "q", "max_model_len": 4096}


def test_another_model_behind_the_endpoint_is_refused(machine: Machine, upstream: FakeUpstream) -> None:
    machine.run(machine.asking(fails_in_second))
    upstream.entry["max_model_len"] = 8192
    before = machine.bytes_of_all()

    with pytest.raises(PrerequisiteError, match="is not the one that answered before: max_model_len 4096 -> 8192"):
        machine.resume(machine.asking(quick_echo))

    assert machine.bytes_of_all() == before


def test_by_force_the_report_says_whose_answers_the_kept_jobs_have(machine: Machine, upstream: FakeUpstream) -> None:
    machine.run(machine.asking(fails_in_second))
    upstream.entry["max_model_len"] = 8192

    machine.resume(machine.asking(fails_in_second), force=True)
    report, _ = machine.resume(machine.asking(fails_in_second))

    (warning,) = report.warnings
    assert warning.startswith("1-m-echo: the model 'q' behind ")
    assert warning.endswith("has changed since: max_model_len 4096 -> 8192")


def test_an_endpoint_that_only_kept_jobs_asked_need_not_be_there(machine: Machine) -> None:
    with FakeUpstream() as gone, FakeUpstream() as upstream:
        models = {"m": gone, "n": upstream}
        machine.task["models"] = {name: {"endpoint": up.base_url, "model": "fake"} for name, up in models.items()}
        machine.run(machine.asking(fails_in_second))
        gone.__exit__()

        report, _ = machine.resume(machine.asking(quick_echo))

    assert report.state == "succeeded"


def test_answers_that_are_not_on_this_machine_are_missed_aloud(machine: Machine, upstream: FakeUpstream) -> None:
    machine.run(machine.asking(fails_in_second))
    (machine.settings.state_dir / "answers" / f"{machine.left.record.run_id}.sqlite").unlink(missing_ok=True)

    machine.resume(machine.asking(quick_echo))

    assert any(isinstance(event, Preparing) and "it is asked again" in event.line for event in machine.events)


def test_an_interrupt_while_preparing_leaves_the_run_as_it_was(machine: Machine) -> None:
    machine.run(fails_in_second)
    before = machine.bytes_of_all()
    engine = FakeEngine(quick_echo, fail_prepare=KeyboardInterrupt())  # type: ignore[arg-type]

    with pytest.raises(InterruptedRunError, match="the run is as it was"):
        machine.resume(engine=engine)

    assert machine.bytes_of_all() == before


def test_a_build_that_fails_leaves_the_run_as_it_was(machine: Machine) -> None:
    machine.run(fails_in_second)
    before = machine.bytes_of_all()

    with pytest.raises(ImageError):
        machine.resume(engine=FakeEngine(quick_echo, fail_prepare=ImageError("step 3 failed")))

    assert machine.bytes_of_all() == before


def test_jobs_that_a_broken_off_resume_did_not_reach_keep_what_they_were(machine: Machine) -> None:
    machine.run(lambda job, output: (quick_echo(job, output), Ending.FAILED)[1])

    report, _ = machine.resume(interrupts)

    assert report.state == "cancelled"
    assert [job.state.value for job in report.jobs] == ["cancelled", "partial"]
    assert read_job(machine.left, "2-n-echo") == report.jobs[1]


def test_while_a_run_goes_on_it_has_no_report(machine: Machine) -> None:
    machine.run(fails_in_second)
    seen: list[bool] = []

    def work(job: Job, output: Path) -> Ending:
        seen.append((machine.left.path / "report.json").exists())
        return quick_echo(job, output)

    machine.resume(work)

    assert seen == [False]
    assert (machine.left.path / "report.json").exists()


def test_another_evaldock_and_other_gpus_are_worth_knowing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.run(fails_in_second)
    machine.left.update(evaldock_version="0.0.1")
    monkeypatch.setattr("hub.resumption.describe", lambda: {"gpus": "0: B200"})

    machine.resume(fails_in_second)
    report, _ = machine.resume(fails_in_second)

    assert report.warnings == (
        f"begun by evaldock 0.0.1, resumed by {VERSION}",
        "begun on GPUs none, resumed on 0: B200",
    )


def test_a_refusal_names_both_versions(machine: Machine) -> None:
    machine.run(fails_in_second)
    machine.left.update(evaldock_version="0.0.1")

    with pytest.raises(ChangedRunError, match=rf"evaldock 0\.0\.1 began it, this is {VERSION}"):
        machine.resume(quick_echo, "seed=7")


def test_events_end_whatever_becomes_of_a_resume(machine: Machine) -> None:
    def last() -> dict[str, Any]:
        return list(machine.left.events())[-1]

    machine.run_until_killed(killed_in_second)
    with pytest.raises(ImageError):
        machine.resume(engine=FakeEngine(quick_echo, fail_prepare=ImageError("step 3 failed")))
    assert (last()["event"], last()["state"]) == ("run_ended", "interrupted")

    machine.resume(fails_in_second)
    with pytest.raises(ImageError):
        machine.resume(engine=FakeEngine(quick_echo, fail_prepare=ImageError("step 3 failed")))
    assert (last()["event"], last()["state"]) == ("run_ended", "partial")
