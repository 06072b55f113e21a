"""A served model: one server for all its jobs, and honest ends where it has one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import EVALDOCK, Ran
from tests.integration.desk import PATIENCE_S
from tests.integration.endings.conftest import _processes
from tests.integration.serving.conftest import Stage


def server_events(ran: Ran) -> list[dict[str, Any]]:
    lines = (ran.folder / "events.jsonl").read_text().splitlines()
    return [event for event in map(json.loads, lines) if event["event"] == "server" and event["state"] != "loading"]


def states(ran: Ran) -> list[str]:
    return [event["state"] for event in server_events(ran)]


def leftovers(stage: Stage, ran: Ran) -> list[str]:
    label = f"label=evaldock.run={ran.folder.name}"
    listed = subprocess.run(["docker", "ps", "-aq", "--filter", label], capture_output=True, text=True)
    return [*(listed.stdout.split() if stage.engine == "docker" else ()), *_processes(str(ran.folder))]


def test_one_server_answers_all_jobs_of_its_model_and_is_gone_after_the_last(stage: Stage, tmp_path: Path) -> None:
    ran = stage.run(tmp_path)

    assert ran.code == 0, ran.err
    assert [job["state"] for job in ran.report["jobs"]] == ["succeeded", "succeeded"]
    assert states(ran) == ["starting", "ready", "stopped"]
    assert (ran.folder / "servers" / "m" / "log.txt").read_text().count("asked for m") == 12
    assert leftovers(stage, ran) == []


def test_the_report_names_server_environment_and_weights(stage: Stage, tmp_path: Path) -> None:
    ran = stage.run(tmp_path)

    (server,) = ran.report["servers"]
    assert (server["name"], server["engine"], server["state"]) == ("m", "transformers", "stopped")
    assert (server["starts"], server["environment"]["image"]) == (1, "native")
    assert server["identity"].startswith("local:./model served by transformers sha256:")
    assert ran.report["jobs"][0]["results"][0]["key"]["model"] == server["identity"]


def test_how_long_a_server_loaded_is_what_the_report_says(stage: Stage, tmp_path: Path) -> None:
    ran = stage.run(tmp_path, "--load-s", "1")

    starting, ready, _ = server_events(ran)
    (server,) = ran.report["servers"]
    assert 1 <= server["loading_s"] <= ready["time"] - starting["time"] + 0.01  # events are told to the millisecond
    assert server["loading_s"] == pytest.approx(ready["seconds"], abs=0.01)


def test_a_server_that_crashes_is_started_again_once_and_no_sample_is_lost(stage: Stage, tmp_path: Path) -> None:
    ran = stage.run(tmp_path, "--crash-at", "3")

    assert ran.code == 0, ran.err
    assert states(ran) == ["starting", "ready", "restarting", "ready", "stopped"]
    assert "CUDA error: an illegal memory access" in server_events(ran)[2]["reason"]
    assert (ran.folder / "servers" / "m" / "log.1.txt").is_file()


def test_one_behind_a_port_is_reached_by_its_socket_and_started_again_after_a_crash(
    stage: Stage, tmp_path: Path
) -> None:
    serve = {"engine": "swift", "args": ["--crash-at", "3"]}

    ran = stage.run(tmp_path, models={"m": {"checkpoint": "./model", "serve": serve, "concurrency": 1}})

    assert ran.code == 0, ran.err
    assert [job["state"] for job in ran.report["jobs"]] == ["succeeded", "succeeded"]
    assert states(ran) == ["starting", "ready", "restarting", "ready", "stopped"]
    assert "exit code 7" in server_events(ran)[2]["reason"]
    assert leftovers(stage, ran) == []


def test_one_whose_socket_nothing_passes_any_more_is_started_again(stage: Stage, tmp_path: Path) -> None:
    serve = {"engine": "swift", "args": ["--cut-off-at", "3"]}

    ran = stage.run(tmp_path, models={"m": {"checkpoint": "./model", "serve": serve, "concurrency": 1}})

    assert ran.code == 0, ran.err
    assert [job["state"] for job in ran.report["jobs"]] == ["succeeded", "succeeded"]
    assert states(ran) == ["starting", "ready", "restarting", "ready", "stopped"]
    reason = server_events(ran)[2]["reason"]
    assert "exit code 125; its log says: evaldock: its forwarder is gone" in reason
    assert leftovers(stage, ran) == []


def test_one_that_crashes_again_fails_the_jobs_that_ask_it_and_others_go_on(stage: Stage, tmp_path: Path) -> None:
    stage.task(tmp_path)
    bad = {"engine": "transformers", "args": ["--crash-at", "3", "4"]}
    models = {
        "bad": {"checkpoint": "./model", "serve": bad, "concurrency": 1},
        "good": {"checkpoint": "./model", "serve": {"engine": "transformers"}, "concurrency": 1},
    }

    ran = stage.run(tmp_path, models=models)

    found = {job["model"]: (job["state"], job["reason"]) for job in ran.report["jobs"]}
    assert found["bad"][0] == "failed"
    assert found["bad"][1].startswith("server 'bad' ended")  # or "... while it was loading": a call may wait for it
    assert "exit code 7" in found["bad"][1]
    assert "CUDA error" in found["bad"][1]
    assert found["good"][0] == "succeeded"
    assert ran.code == 1
    assert leftovers(stage, ran) == []


def test_a_server_that_does_not_come_up_says_so_with_the_end_of_its_log(stage: Stage, tmp_path: Path) -> None:
    ran = stage.run(tmp_path, "--fail")

    assert ran.code == 1
    assert "server 'm' ended while it was loading: exit code 1" in ran.report["jobs"][0]["reason"]
    assert "tried to allocate 80 GiB" in ran.report["jobs"][1]["reason"]
    assert states(ran) == ["starting", "lost"]


def test_one_that_loads_for_too_long_is_ended(stage: Stage, tmp_path: Path) -> None:
    serve = {"engine": "transformers", "args": ["--load-s", "60"], "timeout": 1}

    ran = stage.run(tmp_path, models={"m": {"checkpoint": "./model", "serve": serve}})

    assert "server 'm' did not answer within 1.0 s (serve.timeout)" in ran.report["jobs"][0]["reason"]
    assert leftovers(stage, ran) == []


@contextmanager
def started(stage: Stage, folder: Path, *args: str, until: str) -> Iterator[subprocess.Popen[str]]:
    """Start a run, and yield it once it has said `until`."""
    task = stage.task(folder, *args, n=30)
    environment = {**os.environ, **stage.checkout.environment, **stage.environment}
    command = [EVALDOCK, "run", str(task), "--engine", stage.engine]
    with subprocess.Popen(command, cwd=folder, env=environment, text=True, stderr=subprocess.PIPE) as hub:
        try:
            assert hub.stderr is not None
            assert any(line.startswith(until) for line in hub.stderr)
            yield hub
        finally:
            hub.kill()


def test_what_one_writes_beside_its_socket_fills_no_memory_of_the_host_and_is_gone_with_it(
    stage: Stage, tmp_path: Path
) -> None:
    memory, state = Path(stage.environment["XDG_RUNTIME_DIR"]), Path(stage.environment["EVALDOCK_STATE"])
    with started(stage, tmp_path, "--litter", "--answer-s", "600", until="server m: ready") as hub:
        found = {place: len(list(place.glob("**/litter"))) for place in (memory, state)}
        hub.send_signal(signal.SIGINT)
        hub.communicate(timeout=PATIENCE_S)

    # A virtual environment is shut out of nothing that its user may write: there the place is only short.
    assert found == ({memory: 0, state: 1} if stage.engine == "docker" else {memory: 1, state: 0})
    assert list(memory.glob("evaldock/*")) == []
    assert list(state.glob("sockets/*")) == []


def test_an_interrupt_while_it_loads_leaves_nothing_behind(stage: Stage, tmp_path: Path) -> None:
    with started(stage, tmp_path, "--load-s", "600", until="server m: starting") as hub:
        hub.send_signal(signal.SIGINT)
        hub.communicate(timeout=PATIENCE_S)

    ran = Ran(hub.returncode, "", "", tmp_path / "runs")
    assert hub.returncode == 130
    assert [job["state"] for job in ran.report["jobs"]] == ["cancelled", "cancelled"]
    assert [server["state"] for server in ran.report["servers"]] == ["stopped"]
    assert leftovers(stage, ran) == []


def test_a_killed_run_is_reaped_and_resumed_with_a_new_server(stage: Stage, tmp_path: Path) -> None:
    with started(stage, tmp_path, "--answer-s", "0.2", until="server m: ready") as hub:
        hub.kill()
    ran = Ran(hub.returncode, "", "", tmp_path / "runs")
    assert leftovers(stage, ran) != []

    resumed = stage.checkout.evaldock(tmp_path, "resume", ran.folder.name, **stage.environment)

    assert resumed.code == 0, resumed.err
    assert [job["state"] for job in ran.report["jobs"]] == ["succeeded", "succeeded"]
    assert ran.report["servers"][0]["starts"] == 2
    assert leftovers(stage, ran) == []


def test_one_served_by_hand_is_at_a_port_until_somebody_ends_it(stage: Stage, tmp_path: Path) -> None:
    stage.task(tmp_path)
    environment = {**os.environ, **stage.checkout.environment, **stage.environment}
    command = [EVALDOCK, "serve", "model", "--port", "0", "--engine", stage.engine]
    body = {"model": "model", "messages": [{"role": "user", "content": "hello"}]}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE) as hub:
        try:
            assert hub.stdout is not None
            url = hub.stdout.readline().strip()
            headers = {"Content-Type": "application/json"}
            asked = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode(), headers)
            with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:
                said = json.load(answer)["choices"][0]["message"]["content"]
            hub.send_signal(signal.SIGINT)
            assert hub.wait(PATIENCE_S) == 0
        finally:
            hub.kill()

    assert said == "hello"
    assert list(Path(stage.environment["EVALDOCK_STATE"]).glob("serve-*")) == []
    assert list(Path(stage.environment["XDG_RUNTIME_DIR"]).glob("**/server.sock")) == []


def test_one_by_hand_that_is_ended_while_it_loads_ends_in_order(stage: Stage, tmp_path: Path) -> None:
    stage.task(tmp_path)
    environment = {**os.environ, **stage.checkout.environment, **stage.environment}
    command = [EVALDOCK, "serve", "model", "--port", "0", "--engine", stage.engine, "--", "--load-s", "600"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, text=True, stderr=subprocess.PIPE) as hub:
        try:
            assert hub.stderr is not None
            assert any(line.startswith("server model: starting") for line in hub.stderr)
            hub.send_signal(signal.SIGINT)
            said = hub.stderr.read()
            assert hub.wait(PATIENCE_S) == 0
        finally:
            hub.kill()

    assert "server model: stopped" in said
    assert "lost" not in said


@pytest.mark.parametrize("how", [["--fail"], ["--crash-at", "1", "2"]])
def test_one_by_hand_that_is_lost_names_a_log_that_is_there(stage: Stage, tmp_path: Path, how: list[str]) -> None:
    stage.task(tmp_path)
    environment = {**os.environ, **stage.checkout.environment, **stage.environment}
    command = [EVALDOCK, "serve", "model", "--port", "0", "--engine", stage.engine, "--", *how]
    body = json.dumps({"model": "model", "messages": [{"role": "user", "content": "hello"}]}).encode()
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, env=environment, text=True, stdout=pipe, stderr=pipe) as hub:
        try:
            assert hub.stdout is not None
            url = hub.stdout.readline().strip()
            while url and hub.poll() is None:
                with suppress(OSError, HTTPException):  # nobody answers while it is away
                    urllib.request.urlopen(f"{url}/chat/completions", body, timeout=5).close()
            _, said = hub.communicate(timeout=PATIENCE_S)
        finally:
            hub.kill()

    assert hub.returncode == 1, said
    log = Path(said.rpartition("its log: ")[2].strip())
    assert log.read_text()
    shutil.rmtree(log.parents[2])


def test_one_that_loads_for_long_keeps_its_place_while_another_run_clears_up(stage: Stage, tmp_path: Path) -> None:
    stage.task(tmp_path / "hand")
    environment = {**os.environ, **stage.checkout.environment, **stage.environment}
    command = [EVALDOCK, "serve", "model", "--port", "0", "--engine", stage.engine, "--", "--load-s", "600"]
    places = (Path(environment["XDG_RUNTIME_DIR"]) / "evaldock", Path(environment["EVALDOCK_STATE"]) / "sockets")
    with subprocess.Popen(command, cwd=tmp_path / "hand", env=environment, text=True, stderr=subprocess.PIPE) as hub:
        try:
            assert hub.stderr is not None
            assert any("server model: loading" in line for line in hub.stderr)
            (folder,) = (folder for place in places for folder in place.glob("*/s0"))
            os.utime(folder.parent, (0, 0))

            ran = stage.run(tmp_path / "run")
            kept = folder.is_dir()
        finally:
            hub.send_signal(signal.SIGINT)
            hub.communicate(timeout=PATIENCE_S)

    assert (ran.code, kept) == (0, True), ran.err
    assert [folder for place in places for folder in place.glob("*/s0")] == []


def test_a_port_that_is_taken_is_said_before_anything_is_loaded(stage: Stage, tmp_path: Path) -> None:
    stage.task(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        arguments = ("serve", "model", "--port", port, "--engine", stage.engine)
        ran = stage.checkout.evaldock(tmp_path, *arguments, **stage.environment)

    assert ran.code == 3
    assert f"cannot serve on 127.0.0.1:{port}: Address already in use" in ran.err
    assert "--port names another one" in ran.err
    assert "starting" not in ran.err
