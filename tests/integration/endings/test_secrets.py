"""A key is nowhere but in the gateway, however loudly a server repeats it and a backend tells all it knows."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import EVALDOCK, Ran
from tests.fakes.checkout import Checkout
from tests.fakes.upstream import Body, FakeUpstream, last_message
from tests.integration.endings.conftest import Stage

CANDIDATE, JUDGE = "canary4711tweetcandidate", "canary4711tweetjudge"
CANARY = b"canary4711tweet"
KEYS = {"CANARY_KEY": CANDIDATE, "CANARY_JUDGE": JUDGE}


@dataclass
class Watched:
    """What could be seen from outside while the run was live."""

    ran: Ran
    inspected: list[bytes] = field(default_factory=list)
    processes: list[bytes] = field(default_factory=list)
    holders: set[bytes] = field(default_factory=set)


def watch(command: list[str], folder: Path, environment: dict[str, str], looked: threading.Event) -> Watched:
    """Run the command and look at it from outside until it ends; `looked` is set once its job was seen."""
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        watched, said = Watched(Ran(0, "", "", folder / "runs")), list[bytes]()
        reader = threading.Thread(target=lambda: said.extend(process.communicate()))
        reader.start()
        while reader.is_alive():
            watched.processes.append(subprocess.run(["ps", "-efww"], capture_output=True).stdout)
            watched.holders |= set(holders())
            watched.inspected += inspections(folder / "runs")
            if b"adapters.unruly" in watched.processes[-1]:
                looked.set()
            reader.join(0.1)
    out, err = (text.decode() for text in said)
    watched.ran = Ran(process.returncode, out, err, folder / "runs")
    return watched


def holders() -> Iterator[bytes]:
    """Yield the command line of each process whose environment holds a key."""
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is not ours
            before = (path / "cmdline").read_bytes()
            held = CANARY in (path / "environ").read_bytes()
            # A fork of the hub has the hub's environment until it becomes another program; then both change.
            if held and (path / "cmdline").read_bytes() == before:
                yield before.replace(b"\0", b" ")


def inspections(runs: Path) -> Iterator[bytes]:
    for run in runs.glob("*"):
        listed = subprocess.run(
            ["docker", "ps", "-aq", "--filter", f"label=evaldock.run={run.name}"], capture_output=True, text=True
        )
        for container in listed.stdout.split():
            yield subprocess.run(["docker", "inspect", container], capture_output=True).stdout


@pytest.fixture(scope="module")
def looked() -> threading.Event:
    """Return what is set once the job was seen from outside: no answer comes before."""
    return threading.Event()


@pytest.fixture(scope="module")
def upstream(looked: threading.Event) -> Iterator[FakeUpstream]:
    def answer(body: Body) -> str:
        looked.wait(50)  # the backend waits for a minute
        return last_message(body)

    refused = {"fault": "401", "fault_when": lambda body: "refuse me" in str(body)}
    with FakeUpstream(parrot=True, answer=answer, **refused) as parrot:  # type: ignore[arg-type]
        yield parrot


@pytest.fixture(scope="module")
def watched(
    stage: Stage, upstream: FakeUpstream, looked: threading.Event, tmp_path_factory: pytest.TempPathFactory
) -> Watched:
    """Return a run with a parrot for a server and a blabbermouth for a backend."""
    folder = tmp_path_factory.mktemp("secrets")
    # An installer may be given a key for its index by any variable: it is not what is looked at here.
    stage.checkout.evaldock(folder, "build", "unruly", "--engine", stage.engine, **stage.environment)
    # The last data set fails, so that the answers are kept for a resume.
    task = stage.task(
        folder, ["well", "confess", "crash"], **endpoints(upstream.base_url), gateway={"log_bodies": True}
    )
    command = [EVALDOCK, "run", str(task), "--engine", stage.engine]
    environment = {**os.environ, **stage.checkout.environment, **stage.environment, **KEYS}
    looked.clear()
    return watch(command, folder, {**environment, "EVALDOCK_STATE": str(folder / "state")}, looked)


def endpoints(url: str) -> dict[str, Any]:
    return {
        "models": {"m": {"endpoint": url, "model": "fake", "api_key_env": "CANARY_KEY"}},
        "judge": {"endpoint": url, "model": "fake", "api_key_env": "CANARY_JUDGE"},
    }


def holding(*places: Path) -> list[str]:
    """Return the files below `places` that hold a key."""
    names = [str(place) for place in places if place.exists()]
    return subprocess.run(["grep", "-rlaF", CANARY.decode(), *names], capture_output=True, text=True).stdout.split(
        "\n"
    )[:-1]


def test_the_keys_were_used_and_told_back(watched: Watched, upstream: FakeUpstream) -> None:
    sent = {request.headers.get("authorization") for request in upstream.requests}
    log = (watched.ran.folder / "jobs" / "1-m-unruly" / "log.txt").read_text()

    assert watched.ran.report["jobs"][0]["state"] == "partial", watched.ran.err
    assert sent == {f"Bearer {CANDIDATE}", f"Bearer {JUDGE}"}
    assert "[key]" in log


def test_no_file_of_the_run_or_of_its_state_holds_a_key(watched: Watched) -> None:
    folder = watched.ran.runs.parent

    assert holding(folder) == []


def test_where_a_server_repeated_a_key_its_place_is_kept(watched: Watched) -> None:
    (answers,) = (watched.ran.runs.parent / "state" / "answers").glob("*.sqlite")
    with closing(sqlite3.connect(answers)) as connection:
        bodies = [row[0] for row in connection.execute("SELECT body FROM answers")]

    assert bodies
    assert all(b"[key]" in body for body in bodies)


def test_no_cache_and_no_socket_folder_holds_a_key(watched: Watched, stage: Stage) -> None:
    sockets = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/evaldock-{os.getuid()}")

    assert holding(stage.checkout.root, Path(stage.environment["EVALDOCK_CACHE"]), sockets) == []


def test_the_screen_shows_no_key(watched: Watched) -> None:
    assert CANARY.decode() not in watched.ran.out + watched.ran.err


def test_no_command_line_holds_a_key_while_it_runs(watched: Watched) -> None:
    assert any(b"hub.gateway" in seen for seen in watched.processes)
    assert not any(CANARY in seen for seen in watched.processes)


def test_the_gateway_has_the_keys_in_its_environment_and_no_process_of_a_job_has(watched: Watched) -> None:
    jobs = [line for line in watched.holders if b"adapters." in line or b"supervisor" in line]

    assert any(b"adapters.unruly" in seen for seen in watched.processes)
    assert any(b"hub.gateway" in line for line in watched.holders)
    assert jobs == []


def test_the_daemon_knows_no_key(watched: Watched, stage: Stage) -> None:
    if stage.engine != "docker":
        pytest.skip("a matter of containers")

    assert any(b"EVALDOCK_SOCKET" in seen for seen in watched.inspected)
    assert not any(CANARY in seen for seen in watched.inspected)


def test_the_image_holds_no_key(watched: Watched, stage: Stage) -> None:
    if stage.engine != "docker":
        pytest.skip("a matter of containers")
    image = watched.ran.report["jobs"][0]["environment"]["reference"]

    with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saved:
        found = subprocess.run(["grep", "-caF", CANARY.decode()], stdin=saved.stdout, capture_output=True, text=True)

    assert saved.returncode == 0
    assert found.stdout == "0\n"


@pytest.mark.parametrize(("command", "fault"), [("plan", None), ("plan", "401"), ("doctor", "redirect")])
def test_what_is_said_of_a_server_holds_no_key(
    fault: Any, command: str, checkout: Checkout, cache: Path, tmp_path: Path
) -> None:
    with FakeUpstream(parrot=True, fault=fault) as parrot:
        stage = Stage("venv", checkout, parrot, {"EVALDOCK_CACHE": str(cache)})
        task = stage.task(tmp_path, ["well"], **endpoints(parrot.base_url))
        ran = checkout.evaldock(tmp_path, command, str(task), **stage.environment, **KEYS)

    assert "endpoint" in ran.out + ran.err
    assert CANARY.decode() not in ran.out + ran.err
    assert holding(tmp_path) == []
