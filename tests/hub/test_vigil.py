"""A job is given up once nothing about it has changed for long enough, and not before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.removal import remove_tree
from hub.vigil import Vigil
from tests.hub.test_removal import deep_folder

IDLE_S = 20.0


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def output(tmp_path: Path) -> Path:
    (tmp_path / "output" / "deep").mkdir(parents=True)
    return tmp_path / "output"


def over_after(vigil: Vigil, clock: Clock, seconds: float) -> bool:
    """Let time pass in steps, as a watcher does, and return what the last look says."""
    until = clock.now + seconds
    while clock.now < until:
        clock.now += 0.5
        vigil.is_over()
    return vigil.is_over()


def test_a_job_that_does_nothing_is_given_up_after_its_time(output: Path, clock: Clock) -> None:
    vigil = Vigil(IDLE_S, (output,), clock)

    assert not over_after(vigil, clock, IDLE_S - 1)
    assert over_after(vigil, clock, 3)


def test_folders_in_folders_without_end_are_looked_at_as_far_as_paths_lead(output: Path, clock: Clock) -> None:
    deep_folder(output / "deeper", 1100)
    vigil = Vigil(IDLE_S, (output,), clock)

    found = []
    for _ in range(2):
        clock.now += IDLE_S
        found.append(vigil.is_over())
    remove_tree(output)

    assert found == [False, True]


def test_without_a_limit_it_is_never_over(output: Path, clock: Clock) -> None:
    assert not over_after(Vigil(None, (output,), clock), clock, 1e3 * IDLE_S)


def grow(output: Path) -> None:
    with (output / "events.jsonl").open("a") as file:
        file.write("x")


def rewrite(output: Path) -> None:
    (output / "events.jsonl").write_text("same")
    os.utime(output / "events.jsonl", ns=(0, (output / "events.jsonl").stat().st_mtime_ns + 1))


def make(output: Path) -> None:
    (output / "deep" / str(len(list((output / "deep").iterdir())))).touch()


def remove(output: Path) -> None:
    (output / "events.jsonl").touch()
    (output / "events.jsonl").unlink()


@pytest.mark.parametrize("sign", [grow, rewrite, make, remove])
def test_whatever_changes_is_a_sign_of_life(output: Path, clock: Clock, sign: object) -> None:
    vigil = Vigil(IDLE_S, (output,), clock)

    for _ in range(5):
        assert not over_after(vigil, clock, IDLE_S - 2)
        sign(output)  # type: ignore[operator]
    assert not over_after(vigil, clock, IDLE_S - 2)
    assert over_after(vigil, clock, 5)


def test_a_file_that_is_not_there_yet_can_be_watched(tmp_path: Path, clock: Clock) -> None:
    log = tmp_path / "log.txt"
    vigil = Vigil(IDLE_S, (log,), clock)

    assert not over_after(vigil, clock, IDLE_S - 2)
    log.write_text("a line")
    assert not over_after(vigil, clock, IDLE_S - 2)


def test_a_job_that_dates_its_file_into_the_future_is_given_up_all_the_same(output: Path, clock: Clock) -> None:
    (output / "events.jsonl").touch()
    os.utime(output / "events.jsonl", (4e9, 4e9))

    assert over_after(Vigil(IDLE_S, (output,), clock), clock, IDLE_S + 2)


def test_a_link_is_not_followed(output: Path, tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "elsewhere").mkdir()
    (output / "link").symlink_to(tmp_path / "elsewhere")
    vigil = Vigil(IDLE_S, (output,), clock)
    over_after(vigil, clock, 2)

    (tmp_path / "elsewhere" / "new").touch()

    assert over_after(vigil, clock, IDLE_S)
