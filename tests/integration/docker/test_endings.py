"""How a container ends, is stopped, is lost, is reaped, and what stays of its output."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from hub.engine.docker.engine import DockerEngine
from hub.engine.docker.log import LOG_BYTES
from hub.errors import EngineError
from hub.images import load_image
from hub.job import Ending, Limits
from hub.settings import Settings
from tests.integration.desk import PATIENCE_S

Count = Callable[[], int]
SLEEP = "import time; print('ready', flush=True); time.sleep(600)"
SMALL = Limits(memory_bytes=64 << 20)
SOON_S = 60  # a fraction of a second; on a machine that does much else far more, and still not the 600 s of SLEEP


@pytest.mark.parametrize(
    ("code", "ending", "exit_code", "signal"),
    [
        ("pass", Ending.SUCCEEDED, 0, None),
        ("raise SystemExit(3)", Ending.FAILED, 3, None),
        ("import os; os.kill(os.getpid(), 11)", Ending.SIGNALLED, 139, 11),
        ("import os; os.kill(os.getpid(), 9)", Ending.SIGNALLED, 137, 9),
    ],
)
def test_endings_are_told_apart(
    place: Any, containers: Count, code: str, ending: Ending, exit_code: int, signal: int | None
) -> None:
    outcome = place.run(code)

    assert (outcome.ending, outcome.exit_code, outcome.signal) == (ending, exit_code, signal)
    assert 0 <= outcome.ended_at - outcome.started_at < 60
    assert containers() == 0


def test_too_much_memory_is_its_own_ending(place: Any) -> None:
    outcome = place.run("x = bytearray(256 << 20)", limits=SMALL)

    assert outcome.ending is Ending.OUT_OF_MEMORY
    assert "64 MiB" in outcome.reason


def test_a_child_that_took_too_much_memory_explains_its_parents_failure(place: Any) -> None:
    outcome = place.run(
        "import subprocess, sys\n"
        "child = subprocess.run([sys.executable, '-c', 'x = bytearray(256 << 20)'])\n"
        "sys.exit(1 if child.returncode == -9 else 0)",
        limits=SMALL,
    )

    assert (outcome.ending, outcome.exit_code) == (Ending.OUT_OF_MEMORY, 1)


def test_a_command_that_does_not_exist_is_named(place: Any) -> None:
    from hub.engine import Placement
    from hub.job import Job

    job = Job("0-none-echo", "echo", ("no-such-program",), files={})
    handle = place.engine.submit(job, place.environment, Placement(place.run_id, place.folder))
    outcome = place.engine.wait(handle, timeout_s=60)

    assert outcome is not None
    assert (outcome.ending, outcome.exit_code) == (Ending.FAILED, 127)
    assert "no-such-program" in place.log


def test_wait_returns_none_while_it_runs(place: Any) -> None:
    handle = place.start(SLEEP)

    began = time.monotonic()
    assert place.engine.wait(handle, timeout_s=0.3) is None
    assert 0.2 < time.monotonic() - began < SOON_S
    place.engine.stop(handle, Ending.STOPPED, "")


def test_stop_ends_what_listens_without_killing_it_and_keeps_the_reason(place: Any, containers: Count) -> None:
    handle = place.start(SLEEP)
    _until(lambda: "ready" in place.log)

    outcome = place.engine.stop(handle, Ending.TIMED_OUT, "longer than 2 h")

    assert (outcome.ending, outcome.reason, outcome.signal) == (Ending.TIMED_OUT, "longer than 2 h", 15)
    assert containers() == 0


def test_a_job_that_no_hub_stops_ends_itself_after_its_time_out(
    place: Any, containers: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.engine.backstop.SLACK_S", 0.5)

    outcome = place.run(SLEEP, limits=Limits(timeout_s=0.5))

    assert (outcome.ending, outcome.exit_code) == (Ending.TIMED_OUT, 124)
    assert "its time-out of 500 ms" in outcome.reason
    assert containers() == 0


def test_stop_ends_what_ignores_sigterm(place: Any, containers: Count) -> None:
    handle = place.start("import signal; signal.signal(15, signal.SIG_IGN)\n" + SLEEP)
    _until(lambda: "ready" in place.log)

    outcome = place.engine.stop(handle, Ending.STOPPED, "stopped by the user")

    assert (outcome.ending, outcome.signal) == (Ending.STOPPED, 9)
    assert containers() == 0


def test_a_container_that_someone_removed_is_lost(place: Any, client: Any) -> None:
    handle = place.start(SLEEP)
    client.containers.get(handle.id).remove(force=True)

    outcome = place.engine.wait(handle, timeout_s=5)

    assert (outcome.ending, outcome.exit_code) == (Ending.LOST, None)


def test_output_is_in_the_log_while_the_job_runs(place: Any) -> None:
    handle = place.start("import sys\nprint('to stderr', file=sys.stderr)\n" + SLEEP)

    _until(lambda: "ready" in place.log and "to stderr" in place.log)

    place.engine.stop(handle, Ending.STOPPED, "")


def test_a_hub_that_comes_back_gets_the_whole_log_and_the_outcome(
    place: Any, client: Any, docker_settings: Settings
) -> None:
    handle = place.start("import time; print('first'); time.sleep(2); print('last')")
    _until(lambda: "first" in place.log)
    (place.folder / "log.txt").write_text("half of a li")

    outcome = DockerEngine(docker_settings, client=lambda: client).wait(handle, timeout_s=60)

    assert outcome is not None
    assert outcome.ending is Ending.SUCCEEDED
    assert place.log == "first\nlast\n"


def test_fifty_megabytes_of_output_are_kept(place: Any) -> None:
    place.run("for n in range(50 * 1024): print(f'{n:07d}' + 'x' * 1016)")

    assert (place.folder / "log.txt").stat().st_size == 50 * 1024 * 1024


def test_a_longer_log_is_bounded_and_says_so(place: Any) -> None:
    place.run("for n in range(80 * 1024): print(f'{n:07d}' + 'x' * 1016)")

    assert LOG_BYTES < (place.folder / "log.txt").stat().st_size < LOG_BYTES + (1 << 20)
    assert place.log.startswith("0000000x")
    assert place.log.rstrip("x\n").endswith(f"{80 * 1024 - 1:07d}")
    assert "[evaldock: the end]" in place.log


def test_a_mount_that_does_not_exist_starts_nothing(place: Any, containers: Count, tmp_path: Any) -> None:
    from hub.job import Mount

    with pytest.raises(EngineError, match="gone"):
        place.start("pass", mounts=(Mount(tmp_path / "gone", "/models/x"),))

    assert containers() == 0


def test_a_limit_that_the_daemon_refuses_is_named_by_the_tasks_key(place: Any, containers: Count) -> None:
    with pytest.raises(EngineError, match=r"resources\.memory"):
        place.start("pass", limits=Limits(memory_bytes=4 << 20))
    with pytest.raises(EngineError, match=r"resources\.pids"):
        place.start("pass", limits=Limits(pids=1 << 23))

    assert containers() == 0


def test_stop_may_be_called_again_by_any_hub(place: Any, client: Any, docker_settings: Settings) -> None:
    handle = place.start(SLEEP)
    place.engine.stop(handle, Ending.STOPPED, "first")

    for engine in (place.engine, DockerEngine(docker_settings, client=lambda: client)):
        assert engine.stop(handle, Ending.STOPPED, "again").ending is Ending.STOPPED


def test_a_gpu_where_there_is_none_is_a_clear_refusal(place: Any, containers: Count, client: Any) -> None:
    from hub.engine.docker.client import gpu_driver
    from hub.errors import PrerequisiteError

    if gpu_driver(client.info()):
        pytest.skip("this daemon has GPUs")

    with pytest.raises(PrerequisiteError) as caught:
        place.start("pass", gpus=("0",))

    assert "nvidia-container-toolkit" in caught.value.hint
    assert containers() == 0


def test_reap_leaves_a_driven_run_alone_and_takes_an_abandoned_one(
    place: Any, containers: Count, tmp_path: Any
) -> None:
    place.start(SLEEP)

    place.engine.reap()
    assert containers() == 1

    (tmp_path / "run" / ".lock").unlink()
    lines = place.engine.reap()
    assert containers() == 0
    assert any(place.run_id in line for line in lines)


def test_the_engine_is_well(engine: DockerEngine, echo: Any) -> None:
    findings = engine.check(gpus=False)

    assert [(finding.level, finding.subject) for finding in findings] == [("ok", "docker"), ("ok", "isolation")]
    assert "reaches the socket" in findings[1].message


def test_a_second_prepare_builds_nothing(
    engine: DockerEngine, echo: Any, docker_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("hub.engine.docker.build.DockerImages._build", None)  # whoever calls it fails

    assert engine.prepare(load_image("echo", docker_settings), said.append) == echo
    assert said == []


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
