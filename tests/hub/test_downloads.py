import json
from pathlib import Path

import pytest

from hub.downloads import BIG_BYTES, download_findings, downloads_of, total_left, total_line
from hub.errors import PrerequisiteError
from hub.orchestrator import Request, plan_task, run
from hub.plan import Plan
from hub.settings import Settings
from hub.taskfile import LoadedTask, load_task
from tests.fakes.hub_server import HubServer, Repository


def task(*names: str) -> LoadedTask:
    models = {name: {"checkpoint": f"acme/{name}", "hub": "huggingface"} for name in names}
    evaluations = [{"backend": "echo", "datasets": ["echo"]}]
    return load_task({"version": 1, "name": "t", "models": models, "evaluations": evaluations})


def plan(settings: Settings, *names: str) -> Plan:
    return plan_task(task(*names), settings)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"w" * 3000)
    return folder


def use(monkeypatch: pytest.MonkeyPatch, server: HubServer) -> None:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)


def test_what_an_interrupted_download_left_is_not_counted_again(
    settings: Settings, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    partial = settings.cache_dir / "models" / "huggingface" / "acme--a@main.partial"
    partial.mkdir(parents=True)
    (partial / "model.safetensors.incomplete").write_bytes(b"w" * 1000)

    with HubServer([Repository("model", "acme/a", published)]) as server:
        use(monkeypatch, server)
        found = downloads_of(plan(settings, "a"), settings)

    assert (found[0].offer.size, found[0].here, total_left(found)) == (3000, 1000, 2000)
    assert "1.0 kB of it are here" in found[0].line


def test_what_is_cached_is_no_download_and_no_hub_is_asked(
    settings: Settings, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = settings.cache_dir / "models" / "huggingface" / "acme--a@main"
    folder.mkdir(parents=True)
    (folder / ".complete").write_text("{}")

    with HubServer([]) as server:
        use(monkeypatch, server)
        found = downloads_of(plan(settings, "a"), settings)

    assert (found, server.requests) == ((), [])


def test_sizes_that_no_hub_says_are_told_as_unknown(settings: Settings) -> None:
    found = downloads_of(plan(settings, "a", "b"), settings)

    assert total_line(found) == "2 downloads of unknown size"
    assert {finding.level for finding in download_findings(found)} == {"warning"}


def test_a_hub_that_knows_no_such_model_stops_a_run_before_anything_is_made(
    settings: Settings, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HubServer([]) as server:
        use(monkeypatch, server)
        with pytest.raises(PrerequisiteError, match="acme/a at huggingface"):
            run(task("a"), settings, Request(engine="venv"))

    assert not settings.runs_dir.exists()


def test_another_clients_cache_is_named_with_the_way_to_use_it(
    settings: Settings, published: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "hf" / "models--acme--a" / "snapshots" / "main"
    folder.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_text(json.dumps({}))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hf"))

    (finding,) = download_findings(downloads_of(plan(settings, "a"), settings))

    assert str(folder) in finding.message
    assert f"checkpoint: {folder}" in finding.mend


def test_two_gigabytes_is_where_asking_begins() -> None:
    assert BIG_BYTES == 2_000_000_000
