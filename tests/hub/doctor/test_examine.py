"""The command as a whole, with fakes for engines and real servers for endpoints and hubs."""

import json
from pathlib import Path

import pytest

from adapters.echo.adapter import EchoAdapter
from hub.doctor import engines
from hub.engine import Engine
from hub.finding import Finding
from tests.fakes.engine import FakeEngine
from tests.fakes.hub_server import HubServer, Repository
from tests.fakes.upstream import FakeUpstream
from tests.hub.test_cli import code_of
from tests.hub.test_orchestrator import echo

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeEngine:
    engine = FakeEngine(echo)
    monkeypatch.setattr(engines, "make_engine", lambda *_args: engine)
    for name in ("CACHE", "STATE", "RUNS"):
        monkeypatch.setenv(f"EVALDOCK_{name}", str(tmp_path / name))
    return engine


def findings(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    found = json.loads(capsys.readouterr().out)["findings"]
    return {finding["subject"]: finding for finding in found}


def endpoint_task(folder: Path, url: str, extra: str = "") -> str:
    path = folder / "t.yaml"
    path.write_text(
        f"version: 1\nmodels: {{m: {{endpoint: '{url}', model: mock, api_key_env: DOCTOR_KEY}}}}\n"
        f"evaluations: [{{backend: echo, datasets: [echo]}}]\n{extra}"
    )
    return str(path)


def hub_task(folder: Path) -> str:
    path = folder / "t.yaml"
    path.write_text(
        "version: 1\nmodels: {m: {checkpoint: acme/tiny, hub: huggingface}}\n"
        "evaluations: [{backend: echo, datasets: [echo]}]\n"
    )
    return str(path)


def test_the_machine_alone_is_looked_at_without_a_task(
    engine: Engine, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert code_of("doctor", "--json") == 0

    assert {"machine", "GPUs", "proxies", "certificates", "engine", "image echo"} <= set(findings(capsys))
    assert list(tmp_path.iterdir()) == []


def test_a_state_folder_on_a_network_file_system_is_a_note_and_its_disk_is_looked_at(
    engine: Engine, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"40 27 0:50 / {tmp_path / 'STATE'} rw - cifs //server/state rw\n")
    monkeypatch.setattr("hub.statedisk._MOUNTS", mounts)

    assert code_of("doctor", "--json") == 0

    found = findings(capsys)
    assert found["state folder"]["level"] == "warning"
    assert "set EVALDOCK_STATE" in found["state folder"]["mend"]
    assert "disk of state (EVALDOCK_STATE)" in found


def test_an_endpoint_and_a_judge_are_called_and_keys_are_only_named(
    engine: Engine, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCTOR_KEY", "canary")
    monkeypatch.setattr(EchoAdapter, "uses_judge", lambda _self, _evaluation: True)
    with FakeUpstream() as server:
        judge = f"judge: {{endpoint: '{server.base_url}', model: mock}}\n"
        code = code_of("doctor", endpoint_task(tmp_path, server.base_url, judge), "--json")

    found = findings(capsys)
    assert code == 0
    assert "one token" in found["endpoint 'm'"]["message"]
    assert "one token" in found["endpoint 'judge'"]["message"]
    assert "canary" not in json.dumps(found)


def test_a_key_that_is_not_set_is_exit_3_with_the_command_that_sets_it(
    engine: Engine, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with FakeUpstream() as server:
        assert code_of("doctor", endpoint_task(tmp_path, server.base_url)) == 3

    out = capsys.readouterr().out
    assert "export DOCTOR_KEY=..." in out
    assert out.rstrip().splitlines()[-1].startswith("1 thing missing")


def test_offline_lists_what_is_missing_with_commands_and_asks_no_hub(
    engine: Engine, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = hub_task(tmp_path)
    with HubServer([Repository("model", "acme/tiny", tmp_path)]) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        assert code_of("doctor", task, "--offline", "--json") == 3
        asked = list(server.requests)

    found = findings(capsys)
    assert asked == []
    assert found["image echo"]["mend"] == "`evaldock build echo --engine venv`"
    assert f"evaldock fetch {task}" in found["model 'm'"]["mend"]


def judged_task(folder: Path, url: str, judge: str) -> str:
    path = folder / "t.yaml"
    path.write_text(
        f"version: 1\nmodels: {{m: {{endpoint: '{url}', model: mock}}}}\n"
        f"judge: {{checkpoint: {judge}, serve: {{engine: transformers}}}}\n"
        "evaluations: [{backend: echo, datasets: [echo]}]\n"
    )
    return str(path)


def test_offline_lists_the_weights_and_the_environment_of_a_served_judge(
    engine: Engine, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EchoAdapter, "uses_judge", lambda _self, _evaluation: True)
    with FakeUpstream() as candidate:
        task = judged_task(tmp_path, candidate.base_url, "acme/judge")
        assert code_of("doctor", task, "--offline", "--json") == 3

    found = findings(capsys)
    assert found["image native"]["level"] == "missing"
    assert found["model 'judge'"]["message"] == "not in the cache: acme/judge at modelscope"
    assert f"evaldock fetch {task}" in found["model 'judge'"]["mend"]
    assert "endpoint 'judge'" not in found


def test_offline_names_missing_weights_even_where_no_engine_works(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = (Finding("missing", "GPU", "no NVIDIA GPU on this machine"),)
    monkeypatch.setattr(engine, "check", lambda **_asked: stop, raising=False)

    assert code_of("doctor", hub_task(tmp_path), "--offline", "--json") == 3

    assert findings(capsys)["model 'm'"]["level"] == "missing"


def test_a_served_judge_is_said_to_fit_its_gpu(
    engine: Engine, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EchoAdapter, "uses_judge", lambda _self, _evaluation: True)
    monkeypatch.setenv("EVALDOCK_GPUS", "0:80g")
    with FakeUpstream() as candidate:
        task = judged_task(tmp_path, candidate.base_url, f"{ROOT}/configs/bundled/model")
        assert code_of("doctor", task, "--json") == 0

    found = findings(capsys)
    assert "there is 1 x 80 GiB of GPU memory" in found["server 'judge'"]["message"]
    assert found["model 'judge'"]["level"] == "ok"


def test_a_download_is_a_note_with_its_size(
    engine: Engine, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = tmp_path / "published"
    published.mkdir()
    (published / "model.safetensors").write_bytes(b"w" * 2_000_000)
    with HubServer([Repository("model", "acme/tiny", published)]) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        assert code_of("doctor", hub_task(tmp_path), "--json") == 0

    assert "2.0 MB" in findings(capsys)["model 'm'"]["message"]


def test_offline_without_a_task_says_why_it_needs_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("doctor", "--offline") == 2
    assert "needs a TASK" in capsys.readouterr().err


def test_the_gpus_of_a_server_alone_are_asked_of_the_engine(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class WithoutGpus(FakeEngine):
        def check(self, *, gpus: bool, probe: bool = True) -> tuple[Finding, ...]:
            return (Finding("missing", "GPUs", "docker hands out none", "install it"),) if gpus else ()

    monkeypatch.setattr(engines, "make_engine", lambda *_args: WithoutGpus(echo))
    monkeypatch.setenv("EVALDOCK_GPUS", "0:80g")
    task = tmp_path / "t.yaml"
    task.write_text(
        f"version: 1\nmodels: {{m: {{checkpoint: {ROOT}/configs/bundled/model, serve: {{engine: transformers}}}}}}\n"
        "evaluations: [{backend: echo, datasets: [echo]}]\n"
    )

    assert code_of("doctor", str(task), "--json") == 3

    assert "docker hands out none" in capsys.readouterr().out
