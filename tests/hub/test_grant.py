from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.devicelocks import DeviceLocks
from hub.errors import PrerequisiteError, ServerError
from hub.grant import free_devices, granted
from hub.scheduler import Capacity, Device, Need, ServerItem

GIB = 1 << 30
MACHINE = Capacity((Device("0", 16 * GIB), Device("1", 80 * GIB)))
ONE = ServerItem("m", Need(gpus=1))


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., DeviceLocks]]:
    """Make locks that are given back after the test."""
    made: list[DeviceLocks] = []

    def new(who: str = "evaldock serve m", clear: Callable[[], None] = lambda: None) -> DeviceLocks:
        made.append(DeviceLocks(tmp_path, who, clear))
        return made[-1]

    yield new
    for locks in made:
        locks.give_all_back()


def test_a_server_has_its_gpu_for_the_length_of_the_block_and_runs_see_who_holds_it(
    make: Callable[..., DeviceLocks],
) -> None:
    run = make("run r")

    with granted(ONE, MACHINE, make()) as devices:
        during = run.withheld(("0", "1"))

    assert devices == ("0",)
    assert during["0"].startswith("evaldock serve m (process ")
    assert run.withheld(("0", "1")) == {}


def test_it_gets_a_gpu_that_no_run_holds(make: Callable[..., DeviceLocks]) -> None:
    make("run r").take(("0",))

    with granted(ONE, MACHINE, make()) as devices:
        assert devices == ("1",)


def test_it_gets_a_gpu_that_has_the_memory(make: Callable[..., DeviceLocks]) -> None:
    big = ServerItem("m", Need(gpus=1, device_bytes=20 * GIB))

    assert free_devices(big, MACHINE, make()) == ("1",)


def test_one_on_the_processors_takes_none(make: Callable[..., DeviceLocks]) -> None:
    make("run r").take(("0", "1"))

    with granted(ServerItem("m"), MACHINE, make()) as devices:
        assert devices == ()


def test_where_all_are_held_it_is_said_by_whom_and_what_to_do(make: Callable[..., DeviceLocks]) -> None:
    make("run r").take(("0",))
    make("run s").take(("1",))

    with pytest.raises(PrerequisiteError) as no:
        free_devices(ONE, MACHINE, make())

    assert "'m' needs 1 GPU, and too few are free: GPU 0 is held by run r (process" in no.value.message
    assert "GPU 1 is held by run s (process" in no.value.message
    assert "evaldock stop RUN" in no.value.hint
    assert "--gpus 0" in no.value.hint


def test_what_the_machine_never_has_is_not_waited_for(make: Callable[..., DeviceLocks]) -> None:
    with pytest.raises(PrerequisiteError, match="it needs 3 GPUs of its own at once; there are 2"):
        free_devices(ServerItem("m", Need(gpus=3)), MACHINE, make())


def test_somebody_who_was_quicker_has_the_gpu(make: Callable[..., DeviceLocks], tmp_path: Path) -> None:
    others = iter("01")

    class Late(DeviceLocks):
        """Locks before which somebody else takes a device, twice."""

        def take(self, devices: tuple[str, ...]) -> bool:
            make(f"run {devices}").take(tuple(next(others, "")))
            return super().take(devices)

    three = Capacity(tuple(map(Device, "012")))
    with granted(ONE, three, Late(tmp_path, "evaldock serve m", lambda: None)) as devices:
        during = make("run r").withheld("2")

    assert devices == ("2",)
    assert during["2"].startswith("evaldock serve m (process ")


def test_one_that_breaks_off_lets_go_and_the_next_one_clears(make: Callable[..., DeviceLocks]) -> None:
    cleared: list[str] = []
    message = "CUDA error"
    with pytest.raises(ServerError, match=message), granted(ONE, MACHINE, make()):
        raise ServerError(message)

    assert make("run r", clear=lambda: cleared.append("leftovers")).take(("0",))
    assert cleared == ["leftovers"]
