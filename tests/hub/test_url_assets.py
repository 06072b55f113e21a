"""Assets that are URLs, in every command: as the others are, and with no container."""

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub import cleaning
from hub.adapter import Asset, DatasetInfo, Reader
from hub.ahead import fetch_ahead, look_ahead
from hub.check import check_inputs, check_offline, to_fetch
from hub.downloads import BIG_BYTES, Download, download_findings, downloads_of, total_left
from hub.engines import Choice
from hub.errors import PrerequisiteError
from hub.observer import silent
from hub.orchestrator import Request, agree, plan_task, run
from hub.plan import Plan, host_path
from hub.settings import Settings
from hub.space import needs_of
from hub.taskfile import LoadedTask, load_task
from hub.urldata.draft import Draft, Facts
from tests.fakes.data_adapter import reading
from tests.fakes.engine import FakeEngine
from tests.fakes.file_server import FileServer
from tests.hub.test_orchestrator import echo


def packed() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data/ARC/dev.jsonl", "{}\n")
        archive.writestr("data/mmlu/dev.csv", "a,b\n")
    return buffer.getvalue()


ZIP = packed()


@pytest.fixture
def task(tmp_path: Path) -> LoadedTask:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(b"weights")
    evaluations = [{"backend": "echo", "datasets": ["echo"]}]
    return load_task({"version": 1, "models": {"m": {"checkpoint": str(model)}}, "evaluations": evaluations})


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    engine = FakeEngine(echo)
    for place in ("hub.ahead.choose_engine", "hub.orchestrator.choose_engine"):
        monkeypatch.setattr(place, lambda *_args, **_named: Choice(engine, "a test"))
    return engine


def asset(location: str, **facts: Any) -> Asset:
    facts = {"unpack": "zip", "inside": "data", **facts}
    return Asset("dataset", "ARC_c", "/data/opencompass", "url", location, **facts)


def plan(task: LoadedTask, settings: Settings, *assets: Asset) -> Plan:
    with reading(*assets):
        return plan_task(task, settings)


def test_a_run_downloads_it_once_and_shows_it_to_the_job(
    task: LoadedTask, settings: Settings, engine: FakeEngine
) -> None:
    with FileServer(ZIP) as server, reading(asset(server.url(), patterns=("ARC/*.jsonl",))):
        first, _ = run(task, settings)
        second, folder = run(task, settings)

    assert (first.state, second.state) == ("succeeded", "succeeded")
    assert len(server.gets) == 1
    assert [job.network for job in engine.submitted] == ["none", "none"]
    (mount,) = (mount for mount in engine.submitted[1].mounts if mount.target == "/data/opencompass")
    assert mount.read_only
    assert (mount.source / "ARC" / "dev.jsonl").read_text() == "{}\n"
    (read,) = (part for part in json.loads((folder / "plan.json").read_text())["jobs"][0]["assets"] if part["inside"])
    assert read["location"] == server.url()


def test_data_sets_that_share_a_file_are_one_download(task: LoadedTask, settings: Settings) -> None:
    with FileServer(ZIP) as server:
        one = asset(server.url(), patterns=("ARC/*",))
        two = replace(one, name="mmlu", target="/data/other", patterns=("mmlu/*",))
        made = plan(task, settings, one, two)
        found = downloads_of(made, settings)

    assert to_fetch(made, settings) == (one,)
    assert [download.offer.size for download in found] == [len(ZIP)]


def test_after_a_fetch_without_images_all_data_are_here(
    task: LoadedTask, settings: Settings, engine: FakeEngine
) -> None:
    with FileServer(ZIP) as server, reading(asset(server.url())):
        ahead = look_ahead(task, settings, images=False)
        fetch_ahead(ahead, settings, agree, silent)
        server.requests.clear()
        again = look_ahead(task, settings, images=False)

    assert (ahead.done, again.done) == (False, True)
    assert server.requests == []
    assert engine.submitted == []


def test_offline_it_is_named_with_the_command_that_gets_it(task: LoadedTask, settings: Settings) -> None:
    (finding,) = check_offline(plan(task, settings, asset("https://example.invalid/data.zip")), settings)

    assert (finding.level, finding.subject) == ("missing", "dataset 'ARC_c'")
    assert finding.message == "not in the cache: https://example.invalid/data.zip"
    assert "`evaldock fetch TASK`" in finding.mend


def test_what_is_begun_is_not_counted_again(task: LoadedTask, settings: Settings) -> None:
    with FileServer(ZIP) as server:
        wanted = asset(server.url(), unpacked_bytes=5_000_000)
        place = host_path(wanted, settings.cache_dir)
        partial = place.with_name(f"{place.name}.partial")
        (partial / "unpacked").mkdir(parents=True)
        (partial / "download").write_bytes(ZIP[:100])
        (partial / "unpacked" / "half").write_bytes(ZIP)
        (found,) = downloads_of(plan(task, settings, wanted), settings)

    assert (found.here, total_left([found])) == (100, len(ZIP) - 100)
    assert found.line == f"dataset 'ARC_c': {wanted.location} ({len(ZIP)} B, unpacked 5.0 MB, 100 B of it are here)"
    (finding,) = download_findings([found])
    assert finding.message == f"will be downloaded: {found.line.partition(': ')[2]}"


def test_what_is_whole_and_not_unpacked_asks_no_server(
    task: LoadedTask, settings: Settings, engine: FakeEngine
) -> None:
    wanted = asset("http://127.0.0.1:9/data.zip")
    place = host_path(wanted, settings.cache_dir)
    partial = place.with_name(f"{place.name}.partial")
    partial.mkdir(parents=True)
    draft = Draft(partial)
    draft.begin(Facts(len(ZIP)))
    draft.path.write_bytes(ZIP)

    with reading(wanted):
        ahead = look_ahead(task, settings, images=False)
        fetch_ahead(ahead, settings, agree, silent)

    assert total_left(ahead.downloads) == 0
    assert (place / "ARC" / "dev.jsonl").is_file()


def test_an_archive_needs_disk_for_itself_and_for_what_is_in_it(task: LoadedTask, settings: Settings) -> None:
    with FileServer(ZIP) as server:
        made = plan(task, settings, asset(server.url(), unpacked_bytes=5_000_000))
        needs = needs_of(made, downloads_of(made, settings), None, settings)

    assert {need.what: need.size for need in needs}["dataset 'ARC_c'"] == len(ZIP) + 5_000_000


def test_a_size_that_is_not_known_unpacked_is_said_to_be_so(task: LoadedTask, settings: Settings) -> None:
    with FileServer(ZIP) as server:
        (found,) = downloads_of(plan(task, settings, asset(server.url())), settings)

    assert f"({len(ZIP)} B, unpacked unknown)" in found.line


def test_a_big_one_is_asked_about(task: LoadedTask, settings: Settings, engine: FakeEngine) -> None:
    heard: list[Download] = []

    def refuse(downloads: tuple[Download, ...]) -> None:
        heard.extend(downloads)
        raise PrerequisiteError("no")

    with (
        FileServer(ZIP, length=BIG_BYTES + 1) as server,
        reading(asset(server.url())),
        pytest.raises(PrerequisiteError),
    ):
        run(task, settings, Request(consent=refuse))

    assert total_left(heard) > BIG_BYTES
    assert server.gets == []


def test_a_file_that_is_not_there_stops_a_run_before_anything_is_made(
    task: LoadedTask, settings: Settings, engine: FakeEngine
) -> None:
    gone = FileServer(ZIP, statuses=[404, 404])
    with gone as server, reading(asset(server.url())), pytest.raises(PrerequisiteError) as caught:
        run(task, settings)

    assert "127.0.0.1 has no such file (404)" in caught.value.message
    assert not settings.runs_dir.exists()


def test_a_failed_download_is_in_the_runs_record(task: LoadedTask, settings: Settings, engine: FakeEngine) -> None:
    with FileServer(ZIP) as server:
        wanted = asset(server.url(), sha256="0" * 64)
        with reading(wanted), pytest.raises(PrerequisiteError):
            run(task, settings)

    (folder,) = settings.runs_dir.iterdir()
    record = json.loads((folder / "run.json").read_text())
    assert record["state"] == "failed"
    assert "another file arrived than its publisher means" in record["reason"]


def test_what_an_archive_does_not_hold_is_said_before_a_job_starts(
    task: LoadedTask, settings: Settings, engine: FakeEngine
) -> None:
    with FileServer(ZIP) as server:
        wanted = asset(server.url(), patterns=("ARC/dev.jsonl", "gone.json"), hint="give the data by `path`, or wait")
        with reading(wanted), pytest.raises(PrerequisiteError) as caught:
            run(task, settings)
        (checked,) = (
            part for part in check_inputs(plan(task, settings, wanted), settings) if part.level == "missing"
        )

    lack = f"{host_path(wanted, settings.cache_dir)}/gone.json is missing: {server.url()} does not hold it"
    assert lack in caught.value.message
    assert (checked.message, checked.mend) == (lack, "give the data by `path`, or wait")
    assert engine.submitted == []


def test_what_a_users_own_folder_lacks_is_said_with_what_to_do(
    task: LoadedTask, settings: Settings, tmp_path: Path
) -> None:
    own = Asset("dataset", "ARC_c", "/data/own", "local", str(tmp_path), patterns=("ARC/dev.jsonl",))
    told = replace(own, hint="leave `path` out: `evaldock fetch TASK` downloads it")

    (bare,) = (part for part in check_inputs(plan(task, settings, own), settings) if part.level == "missing")
    (with_hint,) = (part for part in check_inputs(plan(task, settings, told), settings) if part.level == "missing")
    (tmp_path / "ARC").mkdir()
    (tmp_path / "ARC" / "dev.jsonl").touch()
    mended = [part for part in check_inputs(plan(task, settings, own), settings) if part.level == "missing"]

    assert (bare.subject, bare.message) == ("dataset 'ARC_c'", f"{tmp_path}/ARC/dev.jsonl is missing")
    assert bare.mend == "correct `path`, or put the data there"
    assert with_hint.mend == told.hint
    assert mended == []


def test_each_data_set_says_what_a_shared_folder_lacks_for_it(
    task: LoadedTask, settings: Settings, tmp_path: Path
) -> None:
    readers = (Reader("a", ("a.json", "b.json")), Reader("b", ("b.json",), "fetch b"), Reader("c", ("here",)))
    (tmp_path / "here").touch()
    shared = Asset("dataset", "all data", "/data/own", "local", str(tmp_path), readers=readers)

    found = [part for part in check_inputs(plan(task, settings, shared), settings) if part.level == "missing"]

    assert [(part.subject, part.message, part.mend) for part in found] == [
        (
            "dataset 'a'",
            f"2 files of 2 are missing in {tmp_path}: a.json, b.json",
            "correct `path`, or put the data there",
        ),
        ("dataset 'b'", f"{tmp_path}/b.json is missing", "fetch b"),
    ]


@pytest.mark.parametrize("whole", [True, False])
def test_clean_finds_and_removes_it(settings: Settings, whole: bool) -> None:
    place = host_path(asset("https://example.invalid/data.zip"), settings.cache_dir)
    folder = place if whole else place.with_name(f"{place.name}.partial")
    folder.mkdir(parents=True)
    (folder / (".complete" if whole else "download")).write_text("{}")
    place.with_name(f".{place.name}.lock").touch()

    (item,) = cleaning.find(["cache"], settings).items
    assert item.name == f"dataset {folder.name} at url"
    assert list(cleaning.remove([item], settings)) == [(item, "")]
    assert not folder.exists()


def test_files_are_counted_for_every_subset(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from hub.cli import cli
    from hub.registry import load_adapter

    files = ("dev/{}.csv", "test/{}.csv", "all")
    one = DatasetInfo("echo", "x", ("generate",), "accuracy", 0, "y", subsets=("a", "b"), files=files)
    monkeypatch.setattr(load_adapter("echo"), "datasets", lambda: {"echo": one}, raising=False)

    cli.main(["list", "datasets", "--backend", "echo"], standalone_mode=False)

    header, row = capsys.readouterr().out.splitlines()
    assert row[header.index("files") :].split()[0] == "5"


def test_what_a_data_set_also_needs_is_listed(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from hub.cli import cli

    needy = DatasetInfo("echo", "x", ("generate",), "accuracy", 0, "y", needs=("a sentence model", "nltk: punkt"))
    with reading():
        from hub.registry import load_adapter

        monkeypatch.setattr(load_adapter("echo"), "datasets", lambda: {"echo": needy}, raising=False)
        cli.main(["list", "datasets", "--backend", "echo"], standalone_mode=False)
        header, row = capsys.readouterr().out.splitlines()
        cli.main(["list", "datasets", "--backend", "echo", "--json"], standalone_mode=False)
        (listed,) = json.loads(capsys.readouterr().out)
    cli.main(["list", "datasets", "--backend", "echo"], standalone_mode=False)

    assert header.endswith("also needs")
    assert row.endswith("a sentence model, nltk: punkt")
    assert listed["needs"] == ["a sentence model", "nltk: punkt"]
    assert "also needs" not in capsys.readouterr().out
