import json
import os
import signal
from pathlib import Path

import pytest

from hub import orchestrator
from hub.adapter import Asset
from hub.check import is_cached
from hub.engine import Handle, Placement
from hub.engines import Choice
from hub.errors import PrerequisiteError
from hub.fetch import fetch, fetch_id, fetch_job
from hub.job import Ending, Job, JobOutcome
from hub.observer import Event, Preparing
from hub.orchestrator import Request
from hub.report import EnvironmentRecord
from hub.settings import Settings
from hub.taskfile import load_task
from tests.fakes.engine import FakeEngine, Work

ASSET = Asset("model", "tiny", "/models/tiny", "huggingface", "acme/tiny", "main")
ENVIRONMENT = EnvironmentRecord(engine="venv", image="native", reference="/fake", digest="sha256:0")


def say(output: Path, *events: dict[str, str]) -> None:
    with (output / "events.jsonl").open("a") as file:
        file.writelines(f"{json.dumps(event)}\n" for event in events)


def arrives(job: Job, output: Path) -> Ending:
    (job.mounts[0].source / "config.json").write_text("{}")
    (output / "fetched.json").write_text('{"commit": "abc", "files": 1, "bytes": 2}')
    say(output, {"event": "message", "text": "acme/tiny: 1 files"})
    return Ending.SUCCEEDED


def breaks(job: Job, output: Path) -> Ending:
    (job.mounts[0].source / "half.incomplete").write_text("half")
    say(output, {"event": "failed", "reason": "no such model", "hint": "check the name"})
    return Ending.FAILED


def get(tmp_path: Path, work: Work, events: list[Event] | None = None) -> tuple[Path, FakeEngine]:
    engine, destination = FakeEngine(work), tmp_path / "cache" / "acme--tiny@main"
    place = Placement("run", tmp_path / "run" / "fetch" / fetch_id(ASSET))
    fetch(ASSET, destination, ENVIRONMENT, engine, place, events.append if events is not None else lambda _: None)
    return destination, engine


def test_what_arrived_is_there_with_a_stamp_that_names_the_commit(tmp_path: Path) -> None:
    destination, _ = get(tmp_path, arrives)

    assert is_cached(destination)
    assert (destination / "config.json").read_text() == "{}"
    stamp = json.loads((destination / ".complete").read_text())
    assert (stamp["hub"], stamp["repository"], stamp["revision"]) == ("huggingface", "acme/tiny", "main")
    assert (stamp["commit"], stamp["files"], stamp["bytes"]) == ("abc", 1, 2)


def test_the_last_words_of_the_job_are_heard(tmp_path: Path) -> None:
    events: list[Event] = []

    get(tmp_path, arrives, events)

    assert Preparing("model tiny", "acme/tiny: 1 files") in events


def test_a_failure_names_repository_and_hub_and_leaves_no_complete_folder(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError) as caught:
        get(tmp_path, breaks)

    assert caught.value.message == "model 'tiny' could not be fetched: acme/tiny at huggingface: no such model"
    assert caught.value.hint == "check the name"
    assert not (tmp_path / "cache" / "acme--tiny@main").exists()
    assert not list(tmp_path.rglob(".complete"))


def test_the_next_try_finds_what_the_last_one_got(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError):
        get(tmp_path, breaks)

    destination, _ = get(tmp_path, arrives)

    assert (destination / "half.incomplete").read_text() == "half"


def test_an_old_failure_is_not_reported_again(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError):
        get(tmp_path, breaks)

    with pytest.raises(PrerequisiteError) as caught:
        get(tmp_path, lambda _job, _output: Ending.OUT_OF_MEMORY)

    assert "no such model" not in caught.value.message
    assert "out_of_memory" in caught.value.message
    assert "log.txt" in caught.value.hint


def test_a_folder_without_its_marker_is_continued_and_not_believed(tmp_path: Path) -> None:
    beginning = tmp_path / "cache" / "acme--tiny@main"
    beginning.mkdir(parents=True)
    (beginning / "part").write_text("part")

    destination, engine = get(tmp_path, arrives)

    assert len(engine.submitted) == 1
    assert (destination / "part").is_file()


def test_what_is_in_the_cache_is_not_fetched_again(tmp_path: Path) -> None:
    get(tmp_path, arrives)

    _, engine = get(tmp_path, arrives)

    assert engine.submitted == []


def test_an_interrupt_stops_the_job_and_keeps_what_it_got(tmp_path: Path) -> None:
    class Slow(FakeEngine):
        def stop(self, handle: Handle, ending: Ending, reason: str) -> JobOutcome:
            os.kill(os.getpid(), signal.SIGINT)  # a second one, from an impatient user
            return super().stop(handle, ending, reason)

    engine = Slow(arrives)

    def interrupt(job: Job, _output: Path) -> Ending:
        (job.mounts[0].source / "part").write_text("part")
        raise KeyboardInterrupt

    engine.work = interrupt
    destination = tmp_path / "cache" / "x"
    with pytest.raises(KeyboardInterrupt):
        fetch(ASSET, destination, ENVIRONMENT, engine, Placement("run", tmp_path / "a" / "b" / "c"), lambda _: None)

    assert engine.stopped[0][0] is Ending.STOPPED
    assert not destination.exists()
    assert (tmp_path / "cache" / "x.partial" / "part").is_file()


def test_a_cache_that_cannot_be_written_is_a_prerequisite(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")

    with pytest.raises(PrerequisiteError, match="the cache cannot be written"):
        get(tmp_path, arrives)


def test_a_job_gets_the_token_and_the_address_of_its_hub_alone(tmp_path: Path) -> None:
    environ = {
        "HF_TOKEN": "h",
        "HF_ENDPOINT": "https://mirror.example",
        "MODELSCOPE_API_TOKEN": "m",
        "MODELSCOPE_DOMAIN": "scope.example",
        "HOME": "/root",
    }

    job = fetch_job(ASSET, "native", tmp_path, environ)

    assert job.env == {"HF_TOKEN": "h", "HF_ENDPOINT": "https://mirror.example"}
    assert job.network == "bridge"
    assert "h" not in json.loads(job.files["fetch.json"]).values()


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000", "localhost:8000", "http://[::1]:8000"])
def test_a_mirror_on_loopback_is_reached_through_the_hosts_network(tmp_path: Path, address: str) -> None:
    assert fetch_job(ASSET, "native", tmp_path, {"HF_ENDPOINT": address}).network == "host"


def test_a_model_and_a_data_set_of_one_name_have_jobs_of_their_own() -> None:
    data = Asset("dataset", "tiny", "/data/tiny", "huggingface", "acme/tiny", "main")
    assert fetch_id(data) != fetch_id(ASSET)


def test_offline_names_everything_that_is_missing_and_starts_nothing(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine(arrives)
    monkeypatch.setattr(orchestrator, "choose_engine", lambda *_args, **_named: Choice(engine, "it is a test"))
    models = {"a": {"checkpoint": "acme/a"}, "b": {"checkpoint": "acme/b", "hub": "huggingface"}}
    evaluations = [{"backend": "echo", "datasets": ["echo"]}]
    task = load_task({"version": 1, "name": "t", "models": models, "evaluations": evaluations})

    with pytest.raises(PrerequisiteError) as caught:
        orchestrator.run(task, settings, Request(offline=True))

    assert "model 'a': not in the cache: acme/a at modelscope" in caught.value.message
    assert "model 'b': not in the cache: acme/b at huggingface" in caught.value.message
    assert engine.submitted == []
    assert not settings.runs_dir.exists()


def test_a_failed_download_leaves_the_run_failed_with_its_reason(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        orchestrator, "choose_engine", lambda *_args, **_named: Choice(FakeEngine(breaks), "it is a test")
    )
    models = {"a": {"checkpoint": "acme/a"}}
    evaluations = [{"backend": "echo", "datasets": ["echo"]}]
    task = load_task({"version": 1, "name": "t", "models": models, "evaluations": evaluations})

    with pytest.raises(PrerequisiteError, match="acme/a at modelscope"):
        orchestrator.run(task, settings)

    (folder,) = settings.runs_dir.iterdir()
    record = json.loads((folder / "run.json").read_text())
    assert record["state"] == "failed"
    assert "acme/a at modelscope: no such model" in record["reason"]
    assert [job["state"] for job in record["jobs"]] == ["failed"]


def test_two_names_of_one_repository_are_one_download(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(job: Job, output: Path) -> Ending:
        return arrives(job, output) if job.mounts[0].target == "/cache/asset" else Ending.FAILED

    engine = FakeEngine(work)
    monkeypatch.setattr(orchestrator, "choose_engine", lambda *_args, **_named: Choice(engine, "it is a test"))
    models = {name: {"checkpoint": "acme/a"} for name in ("a", "b")}
    evaluations = [{"backend": "echo", "datasets": ["echo"]}]
    task = load_task({"version": 1, "name": "t", "models": models, "evaluations": evaluations})

    orchestrator.run(task, settings)

    assert [job.id for job in engine.submitted if job.network != "none"] == ["model-modelscope-acme--a-master"]
