"""Models and data sets from a hub: the real clients, in real fetch jobs, against a hub on loopback."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hub.settings import load_settings
from tests.e2e.harness import EVALDOCK, HANGS_S, ROOT, Ran, evaldock
from tests.fakes.hub_server import HubServer, Repository

pytestmark = [pytest.mark.native_env, pytest.mark.e2e]
MODEL = ROOT / "configs" / "bundled" / "model"
TOKEN = "canary-4712-never-on-disk"
HUBS = ("huggingface", "modelscope")
WRITE = """
import json, sys
import pyarrow as pa
from pyarrow import parquet
for path, rows in json.load(sys.stdin).items():
    parquet.write_table(pa.Table.from_pylist(rows), path)
"""


@pytest.fixture(scope="session")
def published(native_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `gsm8k` and `arc`, laid out as the hubs' repositories are."""
    folder = tmp_path_factory.mktemp("published")
    problems = [{"question": f"What is {n} plus 1?", "answer": f"One more.\n#### {n + 1}"} for n in range(4)]
    choices = {"text": ["ice", "steam", "sand", "wood"], "label": ["A", "B", "C", "D"]}
    science = [{"id": str(n), "question": "What melts?", "choices": choices, "answerKey": "A"} for n in range(4)]
    tables: dict[str, Any] = {
        f"{folder}/{name}/{part}/{split}-00000-of-00001.parquet": rows
        for name, part, rows in (("gsm8k", "main", problems), ("arc", "ARC-Challenge", science))
        for split in ("train", "test")
    }
    for path in tables:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([native_python, "-c", WRITE], input=json.dumps(tables), text=True, check=True)
    for name in ("gsm8k", "arc"):
        (folder / name / "README.md").write_text("# not needed\n")
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Return a cache that holds the environments of this machine, and no model and no data."""
    environments = load_settings().cache_dir / "envs"
    environments.mkdir(parents=True, exist_ok=True)
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "envs").symlink_to(environments)
    return folder


def hub(published: Path, **faults: Any) -> HubServer:
    gated = bool(faults.get("token"))
    repositories = [
        Repository("model", "acme/tiny", MODEL, gated=gated),
        Repository("dataset", "openai/gsm8k", published / "gsm8k", gated=gated),
        Repository("dataset", "allenai/ai2_arc", published / "arc", gated=gated),
    ]
    return HubServer(repositories, **faults)


def write_task(folder: Path, source: str, *, checkpoint: str = "acme/tiny") -> Path:
    dataset = "gsm8k" if source == "huggingface" else "arc"
    path = folder / "task.yaml"
    path.write_text(
        f"version: 1\nname: fetched\nmodels: {{tiny: {{checkpoint: '{checkpoint}', hub: {source}}}}}\n"
        f"evaluations:\n  - backend: native\n"
        f"    datasets: [{{name: {dataset}, limit: 2, few_shot: 1, options: {{hub: {source}}}}}]\n"
        f"generation: {{max_tokens: 8}}\n"
    )
    return path


def environment(server: HubServer, cache: Path, **more: str) -> dict[str, str]:
    unset = dict.fromkeys(("HF_TOKEN", "MODELSCOPE_API_TOKEN"), "")
    return {**server.environment, "EVALDOCK_CACHE": str(cache), **unset, **more}


def run(folder: Path, server: HubServer, cache: Path, *arguments: str, **more: str) -> Ran:
    return evaldock(folder, "run", "task.yaml", "--engine", "venv", *arguments, **environment(server, cache, **more))


def stamps(cache: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in files(cache) if path.name == ".complete"]


def files(cache: Path) -> list[Path]:
    kinds = (cache / kind for kind in ("datasets", "models"))
    return sorted(path for kind in kinds for path in kind.glob("*/*/**/*") if path.is_file())


@pytest.mark.parametrize("source", HUBS)
def test_model_and_data_come_from_the_hub_once(
    tmp_path: Path, native_python: str, published: Path, cache: Path, source: str
) -> None:
    write_task(tmp_path, source)
    with hub(published) as server:
        ran = run(tmp_path, server, cache)
        asked = len(server.requests)
        shutil.rmtree(ran.runs)
        again = run(tmp_path, server, cache)

    assert ran.code == 0, ran.err
    assert again.code == 0, again.err
    assert asked > 0
    assert len(server.requests) == asked
    (job,) = again.report["jobs"]
    assert job["results"][0]["counts"]["scored"] == 2
    commits = {repository.commit for repository in server.repositories}
    assert {stamp["commit"] for stamp in stamps(cache)} <= commits
    assert [stamp["hub"] for stamp in stamps(cache)] == [source, source]
    splits = {"train-00000-of-00001.parquet", "test-00000-of-00001.parquet"}
    assert {path.name for path in files(cache)} == {*(path.name for path in MODEL.iterdir()), *splits, ".complete"}


@pytest.mark.parametrize("source", HUBS)
def test_data_pinned_to_a_commit_are_asked_for_by_it(
    tmp_path: Path, native_python: str, published: Path, cache: Path, source: str
) -> None:
    task = write_task(tmp_path, source)
    with hub(published) as server:
        name = "openai/gsm8k" if source == "huggingface" else "allenai/ai2_arc"
        commit = next(found.commit for found in server.repositories if found.name == name)
        text = task.read_text().replace(f"hub: {source}}}}}]", f"hub: {source}, revision: {commit}}}}}]")
        task.write_text(text)
        ran = evaldock(tmp_path, "fetch", "task.yaml", "--engine", "venv", **environment(server, cache))
        asked = [request.path for request in server.requests if name.rpartition("/")[2] in request.path]

    assert ran.code == 0, ran.err
    (stamp,) = (stamp for stamp in stamps(cache) if stamp["repository"] == name)
    assert stamp["revision"] == commit
    assert any(commit in path for path in asked)
    moving = ("/resolve/main/", "/revision/main", "/tree/main", "Revision=master")
    assert not any(branch in path for branch in moving for path in asked)


@pytest.mark.parametrize("source", HUBS)
def test_after_fetch_a_run_needs_no_hub(
    tmp_path: Path, native_python: str, published: Path, cache: Path, source: str
) -> None:
    write_task(tmp_path, source)
    with hub(published) as server:
        env = environment(server, cache)
        shown = evaldock(tmp_path, "fetch", "task.yaml", "--engine", "venv", "--dry-run", **env)
        before = stamps(cache)
        fetched = evaldock(tmp_path, "fetch", "task.yaml", "--engine", "venv", **env)
        server.down = True
        asked = len(server.requests)
        proof = evaldock(tmp_path, "doctor", "task.yaml", "--engine", "venv", "--offline", **env)
        ran = run(tmp_path, server, cache, "--offline")

    assert (shown.code, before) == (0, [])
    assert f"acme/tiny at {source}" in shown.out
    assert fetched.code == 0, fetched.err
    assert proof.code == 0, proof.out
    assert ran.code == 0, ran.err
    assert len(server.requests) == asked


@pytest.mark.parametrize("source", HUBS)
def test_offline_and_an_empty_cache_stop_before_anything_is_asked(
    tmp_path: Path, published: Path, cache: Path, source: str
) -> None:
    write_task(tmp_path, source)
    with hub(published) as server:
        ran = run(tmp_path, server, cache, "--offline")

    assert ran.code == 3
    assert f"acme/tiny at {source}" in ran.err
    assert "evaldock fetch TASK" in ran.err
    assert server.requests == []
    assert not ran.runs.exists()


@pytest.mark.parametrize("source", HUBS)
def test_an_unknown_repository_is_named_with_its_hub(
    tmp_path: Path, native_python: str, published: Path, cache: Path, source: str
) -> None:
    write_task(tmp_path, source, checkpoint="acme/nothing")
    with hub(published) as server:
        ran = run(tmp_path, server, cache)

    assert ran.code == 3
    said = " ".join(ran.err.split())
    assert f"acme/nothing at {source}" in said
    assert "no such model" in said or "none of that name" in said
    assert "Traceback" not in ran.err + ran.out
    assert not ran.runs.exists()
    assert stamps(cache) == []


@pytest.mark.parametrize("source", HUBS)
def test_a_gated_repository_opens_for_the_token_which_stays_out_of_every_file(
    tmp_path: Path, native_python: str, published: Path, cache: Path, source: str
) -> None:
    write_task(tmp_path, source)
    name = {"huggingface": "HF_TOKEN", "modelscope": "MODELSCOPE_API_TOKEN"}[source]
    other = {"huggingface": "MODELSCOPE_API_TOKEN", "modelscope": "HF_TOKEN"}[source]
    with hub(published, token=TOKEN) as server:
        refused = run(tmp_path, server, cache)
        before = stamps(cache)
        shutil.rmtree(refused.runs, ignore_errors=True)  # where the hub hides even the list, no run is begun
        ran = run(tmp_path, server, cache, **{name: TOKEN, other: "the-other-hubs"})

    assert refused.code == 3
    assert name in refused.err
    assert "gated or private" in refused.err
    assert before == []
    assert ran.code == 0, ran.err
    assert {asked.token for asked in server.requests} == {"", TOKEN}
    assert {asked.token for asked in server.requests if "/storage/" in asked.path} == {""}
    held = subprocess.run(["grep", "-rlF", TOKEN, str(tmp_path)], capture_output=True, text=True)
    assert held.stdout == ""


@pytest.mark.parametrize("source", HUBS)
def test_a_transfer_that_breaks_off_is_resumed(
    tmp_path: Path, native_python: str, published: Path, cache: Path, source: str
) -> None:
    big = tmp_path / "big"
    shutil.copytree(MODEL, big)
    (big / "extra.bin").write_bytes(bytes(range(256)) * (96 << 10))  # 24 MiB: more than a chunk of either client
    write_task(tmp_path, source)
    with hub(published, break_off={"extra.bin": 1}) as server:
        server.repositories[0] = Repository("model", "acme/tiny", big)
        ran = run(tmp_path, server, cache)

    assert ran.code == 0, ran.err
    assert any(asked.headers.get("range") for asked in server.requests if "/storage/" in asked.path)


@pytest.mark.parametrize("source", HUBS)
def test_a_damaged_download_never_looks_complete_and_the_next_run_mends_it(
    tmp_path: Path, native_python: str, published: Path, cache: Path, source: str
) -> None:
    write_task(tmp_path, source)
    with hub(published, corrupt={"model.safetensors"}) as server:
        damaged = run(tmp_path, server, cache)
        after_damage = stamps(cache)
        shutil.rmtree(damaged.runs)
        server.corrupt.clear()
        server.down = True  # huggingface_hub takes a folder that is not empty for success then
        down = run(tmp_path, server, cache)
        after_down = stamps(cache)
        shutil.rmtree(down.runs)
        server.down = False
        server.requests.clear()
        ran = run(tmp_path, server, cache)

    assert (damaged.code, down.code, ran.code) == (3, 3, 0), ran.err
    assert "model.safetensors" in damaged.err
    assert "Traceback" not in damaged.err + down.err
    assert "503" in down.err
    assert (after_damage, after_down) == ([], [])
    assert "tokenizer.json" not in server.transfers()


def test_an_interrupted_fetch_is_exit_130_and_goes_on_where_it_stopped(
    tmp_path: Path, native_python: str, published: Path, cache: Path
) -> None:
    write_task(tmp_path, "modelscope")
    argv = ("fetch", "task.yaml", "--engine", "venv")
    with hub(published, stall={"model.safetensors"}) as server:
        env = {**os.environ, **environment(server, cache)}
        with subprocess.Popen([EVALDOCK, *argv], cwd=tmp_path, env=env, stderr=subprocess.PIPE) as process:
            assert server.stalled.wait(HANGS_S)
            wait_for_half(cache)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=HANGS_S)
        half, interrupted = half_sizes(cache), stamps(cache)
        server.stall.clear()
        shown = evaldock(tmp_path, *argv, "--dry-run", **environment(server, cache))
        again = evaldock(tmp_path, *argv, **environment(server, cache))

    assert process.returncode == 130
    assert interrupted == []
    assert "of it are here" in shown.out
    assert again.code == 0, again.err
    ranges = {asked.headers.get("range") for asked in server.requests if "/storage/" in asked.path}
    (size,) = half
    assert f"bytes={size}-" in ranges


def test_an_interrupted_download_goes_on_where_it_stopped(
    tmp_path: Path, native_python: str, published: Path, cache: Path
) -> None:
    write_task(tmp_path, "modelscope")
    with hub(published, stall={"model.safetensors"}) as server:
        env = {**os.environ, **environment(server, cache)}
        argv = [EVALDOCK, "run", "task.yaml", "--engine", "venv"]
        with subprocess.Popen(argv, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert server.stalled.wait(HANGS_S)
            wait_for_half(cache)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=HANGS_S)
        half, interrupted = half_sizes(cache), stamps(cache)
        shutil.rmtree(tmp_path / "runs")
        server.stall.clear()
        ran = run(tmp_path, server, cache)

    assert process.returncode == 130
    assert interrupted == []
    assert ran.code == 0, ran.err
    ranges = {asked.headers.get("range") for asked in server.requests if "/storage/" in asked.path}
    (size,) = half
    assert f"bytes={size}-" in ranges


def wait_for_half(cache: Path) -> None:
    """Wait until the client has written most of what the server sent before it stalled."""
    import time

    wanted = (MODEL / "model.safetensors").stat().st_size // 2
    until = time.monotonic() + HANGS_S
    while time.monotonic() < until:
        if any(size >= min(wanted, 1 << 20) for size in half_sizes(cache)):  # the client writes whole MiB
            return
        time.sleep(0.05)
    raise AssertionError("the client wrote nothing")


def half_sizes(cache: Path) -> list[int]:
    """Return the sizes of what is begun; a client that ends may still write, so ask once it has."""
    return [path.stat().st_size for path in cache.rglob("model.safetensors.incomplete")]
