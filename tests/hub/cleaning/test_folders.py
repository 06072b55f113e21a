"""Nothing outside its root, of somebody else, or in use: runs, environments and cache on real folders."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.cleaning import find, remove
from hub.cleaning.folder import remove_folder, weigh
from hub.cleaning.item import Item, Kind
from hub.errors import EvaldockError
from hub.report import EnvironmentRecord
from hub.runs import JobRecord, RunFolder, RunRecord
from hub.settings import Settings

DIGEST = "sha256:" + "ab" * 32


def make_run(runs: Path, name: str = "20260101T000000Z-t-01234567", **changes: object) -> RunFolder:
    jobs = (JobRecord(id="1-m-echo", model="m", backend="echo"),)
    record = RunRecord(evaldock_version="1", run_id=name, task="t", task_file="t", created_at=time.time(), jobs=jobs)
    folder = RunFolder(runs / name, record)
    folder.path.mkdir(parents=True)
    folder.update(**{"state": "succeeded", "ended_at": time.time(), **changes})
    (folder.path / "log.txt").write_text("x" * 5000)
    return folder


def make_environment(settings: Settings, name: str = "echo-0123456789ab") -> Path:
    folder = settings.cache_dir / "envs" / name
    (folder / "bin").mkdir(parents=True)
    shutil.copy(os.path.realpath(sys.executable), folder / "bin" / "python")
    (folder / "complete.json").write_text("{}")
    folder.with_name(f".{name}.lock").touch()
    return folder


def make_model(settings: Settings, name: str = "acme--tiny@master") -> Path:
    folder = settings.cache_dir / "models" / "modelscope" / name
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"w" * 5000)
    (folder / ".complete").write_text("{}")
    folder.with_name(f".{name}.lock").touch()
    return folder


def items(settings: Settings, kind: Kind) -> tuple[Item, ...]:
    return find([kind], settings).items


def clean(settings: Settings, kind: Kind) -> list[str]:
    return [reason for _, reason in remove(items(settings, kind), settings)]


@contextmanager
def held(lock: Path) -> Iterator[None]:
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_a_run_an_environment_and_a_model_of_ours_go(settings: Settings) -> None:
    places = [make_run(settings.runs_dir).path, make_environment(settings), make_model(settings)]

    reasons = [reason for kind in ("run", "environment", "cache") for reason in clean(settings, kind)]

    assert reasons == ["", "", ""]
    assert [place for place in places if place.exists()] == []


def test_a_live_run_stays_and_so_does_all_that_it_uses(settings: Settings) -> None:
    environment, model = make_environment(settings), make_model(settings)
    record = EnvironmentRecord(engine="venv", image="echo", reference=str(environment), digest=DIGEST)
    run = make_run(settings.runs_dir, state="running")
    run.update(jobs=tuple(job.model_copy(update={"environment": record}) for job in run.record.jobs))
    mounts = [{"source": str(model), "target": "/models/m"}]
    (run.path / "plan.json").write_text(json.dumps({"jobs": [{"job": {"mounts": mounts}}]}))

    with run.lock():
        reasons = [clean(settings, kind) for kind in ("run", "environment", "cache")]

    assert reasons[0] == ["it is live"]
    assert all(run.record.run_id in reason for part in reasons[1:] for reason in part)
    assert environment.is_dir()
    assert model.is_dir()


def test_a_live_run_in_another_runs_folder_is_found_by_its_open_lock(settings: Settings, tmp_path: Path) -> None:
    environment = make_environment(settings)
    record = EnvironmentRecord(engine="venv", image="echo", reference=str(environment), digest=DIGEST)
    run = make_run(tmp_path / "elsewhere", state="running")
    run.update(jobs=tuple(job.model_copy(update={"environment": record}) for job in run.record.jobs))

    with run.lock():
        (item,) = items(settings, "environment")

    assert run.record.run_id in item.used_by


def test_while_a_run_is_being_prepared_no_environment_goes(settings: Settings) -> None:
    make_environment(settings)

    with make_run(settings.runs_dir, state="preparing").lock():
        (item,) = items(settings, "environment")

    assert "is being prepared" in item.used_by


def test_an_environment_in_which_something_runs_stays(settings: Settings) -> None:
    python = make_environment(settings) / "bin" / "python"
    with subprocess.Popen(
        [python, "-S", "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        reasons = clean(settings, "environment")
        process.communicate(b"\n")

    assert reasons == [f"process {process.pid} runs in it"]


@pytest.mark.parametrize("kind", ["environment", "cache"])
def test_what_is_being_built_or_downloaded_stays(settings: Settings, kind: Kind) -> None:
    folder = make_environment(settings) if kind == "environment" else make_model(settings)

    with held(folder.with_name(f".{folder.name}.lock")):
        (reason,) = clean(settings, kind)

    assert reason in {"it is being built", "it is being downloaded"}
    assert folder.is_dir()


def test_a_lock_that_is_taken_after_the_look_stops_the_removal(settings: Settings) -> None:
    run = make_run(settings.runs_dir)
    before = items(settings, "run")

    with run.lock():
        ((_, reason),) = remove(before, settings)

    assert reason == "it is live"
    assert run.path.is_dir()


def test_a_download_that_was_begun_can_go_and_is_named_so(settings: Settings) -> None:
    whole = make_model(settings)
    whole.rename(whole.with_name(f"{whole.name}.partial"))
    (whole.with_name(f"{whole.name}.partial") / ".complete").unlink()

    assert ".partial" in items(settings, "cache")[0].name
    assert clean(settings, "cache") == [""]


def test_what_evaldock_did_not_make_is_not_even_listed(settings: Settings) -> None:
    strange = [
        settings.runs_dir / "notes",
        settings.cache_dir / "envs" / "my-env",
        settings.cache_dir / "envs" / "mine-0123456789ab",
        settings.cache_dir / "models" / "modelscope" / "by-hand",
        settings.cache_dir / "payloads" / "mine",
    ]
    for folder in strange:
        folder.mkdir(parents=True)
        (folder / "file").write_text("precious")
    renamed = make_run(settings.runs_dir)
    renamed.path.rename(settings.runs_dir / "the-good-one")

    assert find(["run", "environment", "cache"], settings).items == ()


def test_a_link_is_never_followed_nor_taken_for_ours(settings: Settings, tmp_path: Path) -> None:
    outside = make_run(tmp_path / "archive").path
    settings.runs_dir.mkdir()
    (settings.runs_dir / outside.name).symlink_to(outside)
    shared = tmp_path / "shared"
    make_environment(settings)
    (settings.cache_dir / "envs").rename(shared)
    (settings.cache_dir / "envs").symlink_to(shared)

    found = find(["run", "environment"], settings)

    assert found.items == ()
    assert str(shared) in found.notes[0]


def test_a_link_inside_is_removed_and_what_it_leads_to_stays(settings: Settings, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("precious")
    run = make_run(settings.runs_dir)
    (run.path / "way-out").symlink_to(precious)

    assert clean(settings, "run") == [""]

    assert (precious / "file").read_text() == "precious"


def test_removal_refuses_what_is_not_below_its_root(tmp_path: Path) -> None:
    root, other = tmp_path / "root", tmp_path / "other" / "x"
    root.mkdir()
    other.mkdir(parents=True)

    for folder in (other, root):
        with pytest.raises(EvaldockError, match="leads out of"):
            remove_folder(folder, root)


def test_a_cache_that_is_itself_a_link_is_still_ours(settings: Settings, tmp_path: Path) -> None:
    model = make_model(settings)
    settings.cache_dir.rename(tmp_path / "big-disk")
    settings.cache_dir.symlink_to(tmp_path / "big-disk")

    assert clean(settings, "cache") == [""]
    assert not model.exists()


def test_what_cannot_be_removed_is_said_and_keeps_its_name(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(settings.runs_dir)

    def refuse(path: Path, **_named: object) -> None:
        raise PermissionError(13, "Permission denied", str(path / "log.txt"))

    monkeypatch.setattr("hub.cleaning.folder.remove_tree", refuse)
    (reason,) = clean(settings, "run")

    assert "Permission denied" in reason
    assert run.path.is_dir()


def test_what_a_killed_removal_left_goes_with_the_next(settings: Settings) -> None:
    make_run(settings.runs_dir)
    trash = settings.runs_dir / ".evaldock-trash-0123456789abcdef"
    trash.mkdir()

    clean(settings, "run")

    assert not trash.exists()


def test_the_draft_of_a_killed_evaldock_goes_and_a_living_ones_stays(settings: Settings) -> None:
    draft = settings.runs_dir / ".20260101T000000Z-t-01234567.tmp"
    draft.mkdir(parents=True)
    (draft / ".lock").touch()

    with held(draft / ".lock"):
        assert clean(settings, "run") == ["it is live"]
    assert clean(settings, "run") == [""]


def test_a_file_with_another_name_elsewhere_frees_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "own").write_bytes(b"x" * 8192)
    (folder / "shared").write_bytes(b"x" * 8192)
    os.link(folder / "shared", tmp_path / "elsewhere")
    (folder / "twice").write_bytes(b"x" * 8192)
    os.link(folder / "twice", folder / "twice-too")

    assert weigh(folder).size == 2 * 8192
