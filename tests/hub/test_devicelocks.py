import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.devicelocks import DeviceLocks

HOLD = """
import sys
from pathlib import Path
from hub.devicelocks import DeviceLocks
locks = DeviceLocks(Path(sys.argv[1]), "run other", lambda: None)
print(locks.take(tuple(sys.argv[2:])), flush=True)
sys.stdin.read()
"""


def holder(folder: Path, *devices: str) -> subprocess.Popen[str]:
    """Return another process that holds devices until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), *devices],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., DeviceLocks]]:
    """Make locks that are given back after the test."""
    made: list[DeviceLocks] = []

    def new(who: str = "run mine", clear: Callable[[], None] = lambda: None) -> DeviceLocks:
        made.append(DeviceLocks(tmp_path, who, clear))
        return made[-1]

    yield new
    for locks in made:
        locks.give_all_back()


def test_a_device_that_another_process_holds_is_withheld_and_who_holds_it_is_told(
    tmp_path: Path, make: Callable[..., DeviceLocks]
) -> None:
    locks = make()
    with holder(tmp_path, "1") as other:
        found = locks.withheld(("0", "1"))
        took = locks.take(("0", "1"))
        free = locks.withheld(("0",))
        other.kill()
        other.wait()

    assert found == {"1": f"run other (process {other.pid})"}
    assert (took, free) == (False, {})


def test_a_device_is_free_once_its_holder_is_gone_and_what_that_left_is_cleared_first(
    tmp_path: Path, make: Callable[..., DeviceLocks]
) -> None:
    cleared: list[str] = []
    locks = make(clear=lambda: cleared.append("leftovers"))
    with holder(tmp_path, "0") as other:
        other.kill()
        other.wait()

    assert locks.take(("0",))
    assert cleared == ["leftovers"]


def test_a_device_that_was_given_back_left_nothing_to_clear(make: Callable[..., DeviceLocks]) -> None:
    cleared: list[str] = []
    locks = make(clear=lambda: cleared.append("leftovers"))

    locks.take(("0",))
    locks.give_back(("0", "7"))

    assert locks.take(("0",))
    assert cleared == []


def test_a_device_that_was_left_is_free_and_cleared_by_the_next(make: Callable[..., DeviceLocks]) -> None:
    cleared: list[str] = []
    mine, other = make("mine"), make("other", clear=lambda: cleared.append("leftovers"))
    mine.take(("0", "1"))

    mine.leave(("0", "7"))

    assert other.withheld(("0", "1")) == {"1": f"mine (process {os.getpid()})"}
    assert other.take(("0",))
    assert cleared == ["leftovers"]


def test_those_who_only_look_withhold_nothing_from_each_other(make: Callable[..., DeviceLocks]) -> None:
    looking = [make() for _ in range(8)]

    with ThreadPoolExecutor(len(looking)) as pool:
        found = list(pool.map(lambda number: looking[number % 8].withheld(("0",)), range(800)))

    assert not any(found)


def test_what_is_held_is_not_withheld_from_its_holder(make: Callable[..., DeviceLocks]) -> None:
    locks = make()
    locks.take(("0",))

    assert locks.withheld(("0",)) == {}


def test_all_is_given_back_at_once(make: Callable[..., DeviceLocks]) -> None:
    mine, other = (make(name) for name in ("mine", "other"))
    mine.take(("0", "1"))

    mine.give_all_back()

    assert other.withheld(("0", "1")) == {}
