import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.echo.adapter import EchoAdapter
from hub import ahead as module
from hub.adapter import Asset
from hub.ahead import Ahead, fetch_ahead, look_ahead
from hub.cli import cli
from hub.downloads import Download
from hub.engine.ownership import run_lock
from hub.engines import Choice
from hub.errors import PrerequisiteError
from hub.finding import Finding
from hub.images import ImageSpec
from hub.job import Ending, Job
from hub.lockfile import is_held
from hub.observer import silent
from hub.orchestrator import Request, agree, run
from hub.plan import Plan
from hub.registry import load_adapter
from hub.report import EnvironmentRecord
from hub.settings import Settings
from hub.taskfile import LoadedTask, load_task
from tests.fakes.engine import FakeEngine
from tests.hub.test_orchestrator import echo


class Engine(FakeEngine):
    """Has an image once it was prepared."""

    def __init__(self) -> None:
        super().__init__(self.fetched_or_echo)
        self.built: dict[str, EnvironmentRecord] = {}
        self.locked: list[bool] = []

    def find(self, image: ImageSpec) -> EnvironmentRecord | None:
        return self.built.get(image.name)

    def prepare(self, image: ImageSpec, progress: object) -> EnvironmentRecord:
        self.built[image.name] = super().prepare(image, lambda _line: None)
        return self.built[image.name]

    def fetched_or_echo(self, job: Job, output: Path) -> Ending:
        if job.network == "none":
            return echo(job, output)
        self.locked.append(is_held(run_lock(output.parent)))
        for name in ("config.json", "model.safetensors"):
            (job.mounts[0].source / name).write_text("{}")
        (output / "fetched.json").write_text("{}")
        return Ending.SUCCEEDED


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    engine = Engine()
    for place in ("hub.ahead.choose_engine", "hub.orchestrator.choose_engine"):
        monkeypatch.setattr(place, lambda *_args, **_named: Choice(engine, "a test"))
    return engine


@pytest.fixture
def task() -> LoadedTask:
    evaluations = [{"backend": "echo", "datasets": ["echo"]}]
    return load_task({"version": 1, "models": {"m": {"checkpoint": "acme/m"}}, "evaluations": evaluations})


def test_after_a_fetch_an_offline_run_finds_all_that_it_needs(
    task: LoadedTask, settings: Settings, engine: Engine
) -> None:
    with pytest.raises(PrerequisiteError, match="2 things are missing"):
        run(task, settings, Request(offline=True))

    fetch_ahead(look_ahead(task, settings), settings, agree, silent)
    report, _ = run(task, settings, Request(offline=True))

    assert report.state == "succeeded"
    assert look_ahead(task, settings).done


def test_the_weights_and_the_environment_of_a_served_judge_are_fetched_too(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EchoAdapter, "uses_judge", lambda _self, _evaluation: True)
    task = load_task(
        {
            "version": 1,
            "models": {"m": {"endpoint": "http://127.0.0.1:9/v1", "model": "q"}},
            "judge": {"checkpoint": "acme/judge", "serve": {"engine": "transformers"}},
            "evaluations": [{"backend": "echo", "datasets": ["echo"]}],
        }
    )
    found = look_ahead(task, settings)

    fetch_ahead(found, settings, agree, silent)

    assert [download.asset.name for download in found.downloads] == ["judge"]
    assert sorted(engine.built) == ["echo", "native"]
    assert look_ahead(task, settings).done


def test_weights_for_a_projects_own_image_are_fetched_by_ours(settings: Settings, engine: Engine) -> None:
    served = {"checkpoint": "acme/q", "serve": {"engine": "vllm"}}
    evaluations = [{"backend": "echo", "datasets": ["echo"]}]
    task = load_task({"version": 1, "models": {"q": served}, "evaluations": evaluations})

    fetch_ahead(look_ahead(task, settings), settings, agree, silent)

    assert [job.image for job in engine.submitted] == ["native"]
    assert sorted(engine.built) == ["echo", "native", "vllm"]
    assert look_ahead(task, settings).done


def test_what_no_command_fetches_is_listed_for_its_data_set(
    task: LoadedTask, settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = load_adapter("echo")
    needy = {name: replace(info, needs=("nltk: punkt",)) for name, info in adapter.datasets().items()}
    monkeypatch.setattr(adapter, "datasets", lambda: needy, raising=False)

    (found,) = look_ahead(task, settings).needs

    assert (found.level, found.subject, found.message) == ("warning", "dataset 'echo'", "also needs nltk: punkt")


def test_what_a_folder_of_the_users_lacks_is_said_and_keeps_nothing_else_from_being_fetched(
    task: LoadedTask, settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = Asset("dataset", "mine", "/data/mine", "local", str(tmp_path), patterns=("gone.json",))
    monkeypatch.setattr(load_adapter("echo"), "assets", lambda _evaluation: (own,), raising=False)

    ahead = look_ahead(task, settings)
    with pytest.raises(PrerequisiteError, match=r"gone\.json is missing"):
        fetch_ahead(ahead, settings, agree, silent)

    assert [(part.level, part.subject) for part in ahead.needs] == [("missing", "dataset 'mine'")]
    assert engine.built


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_the_command_does_not_say_that_all_is_here_where_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    lack = Finding("missing", "dataset 'mine'", "gone.json is missing")
    ahead = Ahead(Plan("t", "auto", ()), Choice(Engine(), "a test"), (), (), (), (lack,))
    monkeypatch.setattr(module, "look_ahead", lambda *_args, **_named: ahead)
    monkeypatch.setattr(module, "fetch_ahead", lambda *_args: None)
    task = tmp_path / "task.yaml"
    task.write_text("version: 1\nmodels: {m: {checkpoint: a/m}}\nevaluations: [{backend: echo, datasets: [echo]}]\n")

    code = cli.main(["fetch", str(task), "--quiet", *more], standalone_mode=False)

    said = capsys.readouterr().out
    assert code == 3
    assert "gone.json is missing" in said
    assert "what is missing above is for you to bring" in said


def test_a_fetch_job_is_driven_by_somebody_in_the_eyes_of_other_hubs(
    task: LoadedTask, settings: Settings, engine: Engine
) -> None:
    fetch_ahead(look_ahead(task, settings), settings, agree, silent)

    assert engine.locked == [True]
    assert list(settings.state_dir.iterdir()) == []


def test_what_a_killed_fetch_left_is_swept_by_the_next(task: LoadedTask, settings: Settings, engine: Engine) -> None:
    left = settings.state_dir / "fetch-dead"
    left.mkdir(parents=True)
    (left / ".lock").touch()

    fetch_ahead(look_ahead(task, settings), settings, agree, silent)

    assert not left.exists()


def test_no_images_builds_none_and_says_what_a_download_needs(
    task: LoadedTask, settings: Settings, engine: Engine
) -> None:
    ahead = look_ahead(task, settings, images=False)

    with pytest.raises(PrerequisiteError) as caught:
        fetch_ahead(ahead, settings, agree, silent)

    assert "evaldock build echo" in str(caught.value)
    assert (engine.built, engine.submitted) == ({}, [])


def test_who_refuses_the_download_gets_neither_image_nor_model(
    task: LoadedTask, settings: Settings, engine: Engine
) -> None:
    def refuse(_downloads: tuple[Download, ...]) -> None:
        raise PrerequisiteError("no")

    with pytest.raises(PrerequisiteError):
        fetch_ahead(look_ahead(task, settings), settings, refuse, silent)

    assert (engine.built, engine.submitted) == ({}, [])


def test_a_disk_that_is_too_small_stops_it_before_anything_is_made(
    task: LoadedTask, settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.space.free_bytes", lambda _folder: 1)
    with pytest.raises(PrerequisiteError, match="too little"):
        fetch_ahead(look_ahead(task, settings), settings, agree, silent)
    with pytest.raises(PrerequisiteError, match="too little"):
        run(task, settings)

    assert not settings.runs_dir.exists()
    assert engine.built == {}


def test_an_interrupt_leaves_no_work_folder(task: LoadedTask, settings: Settings, engine: Engine) -> None:
    engine.work = lambda _job, _output: os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fetch_ahead(look_ahead(task, settings), settings, agree, silent)

    assert engine.stopped
    assert list(settings.state_dir.glob(f"{module._PREFIX}*")) == []
