import os
import signal
import sqlite3
from pathlib import Path

import pytest

from hub import answers, orchestrator
from hub.adapter import Asset
from hub.engines import Choice
from hub.job import Ending, Job
from hub.runs import open_run
from hub.settings import Settings
from hub.taskfile import LoadedTask, load_task
from hub.unfinished import Unfinished, find_live, find_unfinished
from tests.fakes.data_adapter import reading
from tests.fakes.engine import FakeEngine, Work
from tests.hub.test_adversity import quick_echo


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A task of two jobs."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    (tmp_path / "model" / "model.safetensors").write_bytes(b"weights")
    path = tmp_path / "t.yaml"
    path.write_text(
        "version: 1\nname: t\nmodels: {m: {checkpoint: ./model}, n: {checkpoint: ./model}}\n"
        "evaluations: [{backend: echo, datasets: [echo]}]\nseed: ${EVALDOCK_TEST_SEED:-1}\n"
    )
    return path


def stops_in_second(job: Job, output: Path) -> Ending | None:
    if job.id.startswith("2-"):
        os.kill(os.getpid(), signal.SIGINT)
        return None
    return quick_echo(job, output)


def run(task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch, work: Work = stops_in_second) -> str:
    choice = Choice(FakeEngine(work), "it is a test")
    monkeypatch.setattr(orchestrator, "choose_engine", lambda *_args, **_named: choice)
    report, _ = orchestrator.run(task, settings)
    return report.run_id


def found(task: LoadedTask, settings: Settings, engine: str | None = None) -> str | None:
    left = find_unfinished(task, settings, engine)
    return left.run.record.run_id if left else None


def test_the_last_run_of_the_same_task_is_found_with_what_it_has(
    file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = run(load_task(file), settings, monkeypatch)
    kept = answers.run_file(settings.state_dir, run_id)
    kept.parent.mkdir(parents=True)
    with sqlite3.connect(kept) as connection:
        for statement in answers.SCHEMA:
            connection.execute(statement)
        connection.execute("INSERT INTO answers VALUES (1, x'00', 0, 200, '[]', 1, 1, 1, 1.0, 1.0, x'00')")
    connection.close()

    left = find_unfinished(load_task(file), settings, None)

    assert isinstance(left, Unfinished)
    assert left.sentence == f"run {run_id} of this task is cancelled (1 of 2 jobs done, 1 answer kept)"


def test_a_task_that_succeeded_last_is_not_unfinished(
    file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(load_task(file), settings, monkeypatch)
    run(load_task(file), settings, monkeypatch, quick_echo)

    assert found(load_task(file), settings) is None


def test_another_text_or_another_folder_is_another_task(
    file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run(load_task(file), settings, monkeypatch)
    elsewhere = tmp_path / "elsewhere" / "t.yaml"
    elsewhere.parent.mkdir()
    elsewhere.write_text(file.read_text())
    changed = tmp_path / "u.yaml"
    changed.write_text(file.read_text() + "limit: 2\n")

    assert found(load_task(elsewhere), settings) is None
    assert found(load_task(changed), settings) is None


def test_the_same_words_that_mean_something_else_now_are_another_task(
    file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(load_task(file), settings, monkeypatch)
    monkeypatch.setenv("EVALDOCK_TEST_SEED", "2")

    assert found(load_task(file), settings) is None


def test_the_same_task_on_other_data_of_the_user_is_another_task(
    file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = tmp_path / "q.jsonl"
    data.write_text("1\n")
    with reading(Asset("dataset", "q", "/data/q/q.jsonl", "local", str(data))):
        run_id = run(load_task(file), settings, monkeypatch)

        assert found(load_task(file), settings) == run_id
        data.write_text("2\n")
        assert found(load_task(file), settings) is None


def test_a_run_on_another_engine_is_none_to_go_on_with(
    file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = run(load_task(file), settings, monkeypatch)

    assert [found(load_task(file), settings, engine) for engine in ("venv", "auto", "docker")] == [
        run_id,
        run_id,
        None,
    ]


def test_a_live_run_is_left_to_who_drives_it(file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    run(load_task(file), settings, monkeypatch)
    left = find_unfinished(load_task(file), settings, None)
    assert left is not None

    with left.run.lock():
        assert found(load_task(file), settings) is None


def test_a_live_run_is_found_behind_one_that_began_later(
    file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(load_task(file), settings, monkeypatch)
    run(load_task(file), settings, monkeypatch, quick_echo)

    with open_run(settings.runs_dir / first).lock():
        live = find_live(load_task(file), settings, None)

    assert live is not None
    assert live.record.run_id == first


def test_a_live_run_of_another_meaning_or_engine_is_not_this_task(
    file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = run(load_task(file), settings, monkeypatch)

    with open_run(settings.runs_dir / run_id).lock():
        assert find_live(load_task(file), settings, "docker") is None
        monkeypatch.setenv("EVALDOCK_TEST_SEED", "2")
        assert find_live(load_task(file), settings, None) is None


def test_a_run_that_nobody_drives_is_not_live(
    file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(load_task(file), settings, monkeypatch)

    assert find_live(load_task(file), settings, None) is None
