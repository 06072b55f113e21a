"""Runs without a terminal: begun with --detach, watched and ended from another one."""

from __future__ import annotations

import os
import pty
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.upstream import FakeUpstream
from tests.integration.desk import PATIENCE_S, Desk, Unique, kill

Until = Callable[[Callable[[], bool]], None]


def test_only_the_id_is_printed_and_the_run_goes_on_by_itself(desk: Desk) -> None:
    answer = Unique(free=0)
    with FakeUpstream(answer=answer) as upstream:
        desk.write_endpoint_task(upstream.base_url, n=8, concurrency=1)
        begun = desk.run("run", "t.yaml", "--detach")
        state = desk.record()["state"]
        answer.go_on.set()
        followed = desk.run("status", "--follow")

    assert (begun.returncode, begun.stderr) == (0, "")
    assert begun.stdout == f"{desk.runs[0].name}\n"
    assert state in {"preparing", "running"}
    assert followed.returncode == 0
    assert "1-m-echo: succeeded" in followed.stderr
    assert followed.stdout.splitlines()[0].startswith(f"{desk.runs[0].name}  succeeded")
    log = (desk.runs[0] / "hub.log").read_text()
    assert "1-m-echo: succeeded" in log
    assert "100.0 %" in log


def test_a_task_from_flags_needs_no_terminal_either(desk: Desk) -> None:
    flags = ("--model", "./model", "--datasets", "echo", "--eval-backend", "echo", "--engine", "venv")

    begun = desk.run("eval", *flags, "--detach")

    assert (begun.returncode, begun.stdout) == (0, f"{desk.runs[0].name}\n")
    assert desk.run("status", "--follow").returncode == 0


def test_it_leaves_nobody_waiting_for_its_output(desk: Desk) -> None:
    desk.write_task("m", n=10_000)

    begun = desk.start("run", "t.yaml", "--detach")
    out, err = begun.communicate(timeout=PATIENCE_S)  # returns only once nobody holds the pipes open

    assert (begun.returncode, out.strip(), err) == (0, desk.runs[0].name, "")
    assert desk.run("stop").returncode == 0


def test_it_can_be_stopped_and_resumed_without_a_terminal(desk: Desk, until: Until) -> None:
    answer = Unique(free=4)
    with FakeUpstream(answer=answer) as upstream:
        desk.write_endpoint_task(upstream.base_url, n=8, concurrency=1)
        desk.run("run", "t.yaml", "--detach")
        until(lambda: desk.done("1-m-echo") >= 3)

        stopped, followed = desk.run("stop"), desk.run("status", "--follow")
        answer.go_on.set()
        resumed = desk.run("resume", "--detach")

        assert (stopped.returncode, followed.returncode) == (0, 130)
        assert (resumed.returncode, resumed.stdout) == (0, f"{desk.runs[0].name}\n")
        assert desk.run("status", "--follow").returncode == 0
    assert "1 of 1 job succeeded" in (desk.runs[0] / "hub.log").read_text()


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (("t.yaml", "--set", "seed=x"), 2, "seed"),
        (("t.yaml", "--set", "models.m.checkpoint=./absent"), 3, "no such folder"),
        (("absent.yaml",), 2, "no such file"),
    ],
)
def test_what_is_wrong_before_it_begins_is_said_with_its_code(
    desk: Desk, flags: tuple[str, ...], code: int, words: str
) -> None:
    desk.write_task("m")

    ran = desk.run("run", *flags, "--detach")

    assert (ran.returncode, ran.stdout) == (code, "")
    assert words in ran.stderr
    assert desk.runs == []


def test_a_terminal_that_closes_does_not_end_it(desk: Desk, until: Until) -> None:
    answer = Unique(free=4)
    controller, terminal = pty.openpty()
    own = {"stdin": terminal, "stdout": terminal, "stderr": terminal, "start_new_session": True}
    with FakeUpstream(answer=answer) as upstream:
        desk.write_endpoint_task(upstream.base_url, n=8, concurrency=1)
        shell = desk.start("run", "t.yaml", "--detach", **own)
        os.close(terminal)
        until(lambda: desk.done("1-m-echo") >= 3)

        os.close(controller)  # hangs up
        shell.wait(PATIENCE_S)
        answer.go_on.set()

        assert desk.run("status", "--follow").returncode == 0
    assert [sample["id"] for sample in desk.samples("1-m-echo")] == [str(number) for number in range(8)]


def test_a_killed_starter_does_not_end_it(desk: Desk, until: Until, tmp_path: Path) -> None:
    desk.write_task("m")
    with (tmp_path / "out").open("w") as out:
        starter = desk.start("run", "t.yaml", "--detach", stdout=out, stderr=out)
        until(lambda: bool(desk.runs))
        kill(starter)

    until(lambda: desk.record()["state"] == "succeeded")


def test_an_interrupt_before_it_begins_reaches_it(desk: Desk, until: Until) -> None:
    desk.write_task("m")
    with FakeUpstream(fault="hang") as upstream:
        model = f"{{endpoint: '{upstream.base_url}', model: q}}"
        starter = desk.start("run", "t.yaml", "--detach", "--set", f"models.m={model}")
        until(lambda: len(upstream.requests) > 0)

        starter.send_signal(signal.SIGTERM)
        out, err = starter.communicate(timeout=PATIENCE_S)

    assert (starter.returncode, out, err.strip()) == (130, "", "interrupted")
    assert desk.runs == []


def test_progress_is_told_while_a_run_is_live(desk: Desk, until: Until) -> None:
    desk.write_task("m", n=4000)
    desk.run("run", "t.yaml", "--detach")
    until(lambda: desk.done("1-m-echo") >= 20)

    shown = desk.run("status").stdout

    assert "1-m-echo                         running" in shown
    assert "/4000" in shown
    assert " left" in shown
    assert desk.run("stop").returncode == 0
