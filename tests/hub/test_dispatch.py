import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue

import pytest

from hub.demand import Workload
from hub.devicelocks import DeviceLocks
from hub.dispatch import Dispatch, Orders, Turn
from hub.errors import EngineError
from hub.interrupts import interrupt, undisturbed
from hub.report import JobReport, JobState
from hub.scheduler import Capacity, Device, Item, Need, ServerItem

PATIENCE_S = 30
TWO = (Device("0"), Device("1"))


class FakeServers:
    """Servers that are up as soon as they are started; remembers what it was asked."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def start(self, name: str, devices: tuple[str, ...]) -> None:
        self.log.append(f"start {name} on {','.join(devices)}")

    def stop(self, name: str) -> None:
        self.log.append(f"stop {name}")

    def lost(self, name: str) -> str:
        return ""


@dataclass
class Hall:
    """Where jobs of a test are at work: each is in `inside` until it may leave."""

    inside: dict[str, Turn] = field(default_factory=dict)
    most: int = 0
    leave: threading.Event = field(default_factory=threading.Event)
    halted: bool = False
    told: list[str] = field(default_factory=list)
    heard: threading.Event = field(default_factory=threading.Event)
    _guard: threading.Condition = field(default_factory=threading.Condition)

    def work(self, turn: Turn) -> JobReport:
        with self._guard:
            self.inside[turn.job] = turn
            self.most = max(self.most, len(self.inside))
            self._guard.notify_all()
        assert self.leave.wait(PATIENCE_S)
        with self._guard:
            del self.inside[turn.job]
        return report(turn.job)

    def tell(self, job: str, text: str) -> None:
        self.told.append(f"{job}: {text}")
        self.heard.set()

    def wait_for(self, *jobs: str) -> None:
        with self._guard:
            assert self._guard.wait_for(lambda: set(self.inside) >= set(jobs), PATIENCE_S)


def report(job: str, state: JobState = JobState.SUCCEEDED, reason: str = "") -> JobReport:
    return JobReport(id=job, model="m", backend="echo", via="endpoint", state=state, reason=reason)


def dispatch(
    hall: Hall,
    items: tuple[Item, ...],
    folder: Path,
    *,
    capacity: Capacity | None = None,
    servers: FakeServers | None = None,
    work: Callable[[Turn], JobReport] | None = None,
) -> Dispatch:
    kinds = {model: ServerItem(model, Need(gpus=1)) for item in items for model in item.servers}
    load = Workload(items, kinds, capacity or Capacity((Device("0"), Device("1")), slots=3))
    orders = Orders(
        work or hall.work,
        lambda job, why: report(job, JobState.FAILED, why),
        lambda: hall.halted,
        hall.tell,
    )
    return Dispatch(load, servers or FakeServers(), DeviceLocks(folder, "run", lambda: None), orders)


@contextmanager
def going_on(made: Dispatch) -> Iterator[list[JobReport]]:
    """Have the reports collected in a thread, as long as the block; then to the end."""
    found: list[JobReport] = []
    thread = threading.Thread(target=lambda: found.extend(made.reports()))
    thread.start()
    try:
        yield found
    finally:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def test_jobs_are_at_work_at_once_each_on_devices_of_its_own(tmp_path: Path) -> None:
    hall = Hall()
    items = tuple(Item(name, Need(gpus=count)) for name, count in (("a", 1), ("b", 1), ("c", 0)))

    with going_on(dispatch(hall, items, tmp_path)) as found:
        hall.wait_for("a", "b", "c")
        devices = [turn.devices for turn in hall.inside.values()]
        hall.leave.set()

    assert sorted(devices) == [(), ("0",), ("1",)]
    assert {part.id for part in found} == {"a", "b", "c"}


def test_one_job_at_a_time_takes_them_in_their_order(tmp_path: Path) -> None:
    hall = Hall()
    hall.leave.set()
    items = tuple(Item(name) for name in "cab")

    found = list(dispatch(hall, items, tmp_path, capacity=Capacity(slots=1)).reports())

    assert ([part.id for part in found], hall.most) == (["c", "a", "b"], 1)


def test_a_server_is_up_for_its_jobs_and_is_stopped_after_the_last(tmp_path: Path) -> None:
    hall, servers = Hall(), FakeServers()
    hall.leave.set()
    seen: list[object] = []

    def work(turn: Turn) -> JobReport:
        seen.append(dict(turn.servers))
        for name, devices in turn.servers.items():
            servers.start(name, devices)
        return report(turn.job)

    items = (Item("a", servers=("q",)), Item("b", servers=("q",)), Item("c"))
    list(dispatch(hall, items, tmp_path, capacity=Capacity((Device("0"),)), servers=servers, work=work).reports())

    assert seen == [{"q": ("0",)}, {"q": ("0",)}, {}]
    assert servers.log == ["start q on 0", "start q on 0", "stop q"]


def test_what_a_job_raises_is_raised_once_the_others_have_ended(tmp_path: Path) -> None:
    hall = Hall()

    def work(turn: Turn) -> JobReport:
        if turn.job == "bad":
            hall.wait_for("good")
            raise OSError("the disk is full")
        return hall.work(turn)

    made = dispatch(
        hall, (Item("bad"), Item("good"), Item("later", seconds=9)), tmp_path, work=work, capacity=Capacity(slots=2)
    )

    def until_it_is_told() -> None:
        while not made.failure:
            hall.leave.wait(0.01)
        hall.leave.set()

    watcher = threading.Thread(target=until_it_is_told)
    watcher.start()
    with pytest.raises(OSError, match="disk is full"):
        list(made.reports())
    watcher.join()

    assert made.failure == "stopped, for the run cannot go on: the disk is full"
    assert hall.inside == {}


def test_nothing_is_started_any_more_once_the_run_is_halted(tmp_path: Path) -> None:
    hall = Hall()
    with going_on(dispatch(hall, (Item("a"), Item("b")), tmp_path, capacity=Capacity(slots=1))) as found:
        hall.wait_for("a")
        hall.halted = True
        hall.leave.set()

    assert [part.id for part in found] == ["a"]


def test_a_job_for_which_there_is_never_room_fails_and_the_others_run(tmp_path: Path) -> None:
    hall = Hall()
    hall.leave.set()

    found = list(dispatch(hall, (Item("big", Need(gpus=9)), Item("small", Need(gpus=1))), tmp_path).reports())

    states = {part.id: (part.state.value, part.reason) for part in found}
    assert states["big"] == ("failed", "it needs 9 GPUs of its own at once; there are 2")
    assert states["small"][0] == "succeeded"


def test_a_job_waits_for_a_device_of_another_run_and_says_so(tmp_path: Path) -> None:
    hall = Hall()
    other = DeviceLocks(tmp_path, "run other", lambda: None)
    other.take(("0",))
    items = (Item("a", Need(devices=("0",))), Item("b", Need(gpus=1)))
    with going_on(dispatch(hall, items, tmp_path)) as found:
        hall.wait_for("b")
        at_work = set(hall.inside)
        assert hall.heard.wait(PATIENCE_S)
        other.give_all_back()
        hall.wait_for("a")
        hall.leave.set()

    assert at_work == {"b"}
    assert {part.id for part in found} == {"a", "b"}
    assert [line.partition(" (process")[0] for line in hall.told] == ["a: waits: GPU 0 held by run other"]


def test_devices_are_given_back_and_servers_stopped_where_a_run_breaks_off(tmp_path: Path) -> None:
    hall, servers = Hall(), FakeServers()
    made = dispatch(hall, (Item("a", Need(gpus=1), servers=("q",)), Item("b")), tmp_path, servers=servers)
    hall.leave.set()
    reports = made.reports()

    next(reports)
    reports.close()

    assert servers.log[-1] == "stop q"
    assert DeviceLocks(tmp_path, "run other", lambda: None).withheld(("0", "1")) == {}


@pytest.mark.parametrize("where", ["between two steps", "while all wind up"])
def test_an_interrupt_is_for_those_that_work_wherever_it_strikes(tmp_path: Path, where: str) -> None:
    hall, struck = Hall(), threading.Event()

    def work(turn: Turn) -> JobReport:
        hall.inside[turn.job] = turn
        try:
            while not hall.leave.wait(0.01):  # it heeds no failure of the run
                pass
        finally:
            del hall.inside[turn.job]
        return report(turn.job)

    def halted() -> bool:
        if hall.inside and not struck.is_set():
            struck.set()
            raise KeyboardInterrupt if where == "between two steps" else OSError("the disk is full")
        return False

    made = dispatch(hall, (Item("a"), Item("b")), tmp_path, work=work, capacity=Capacity(slots=1))
    made._orders = replace(made._orders, halted=halted)
    left: list[set[str]] = []
    ended = threading.Event()

    def collect() -> None:
        with suppress(KeyboardInterrupt, OSError):
            list(made.reports())
        left.append(set(hall.inside))
        ended.set()

    thread = threading.Thread(target=collect)
    thread.start()
    assert struck.wait(PATIENCE_S)
    for _ in range(PATIENCE_S):
        if ended.wait(1):
            break
        if where == "while all wind up":
            interrupt(thread)
    in_time = ended.is_set()
    hall.leave.set()
    thread.join()

    assert (in_time, left) == (True, [set()])


def test_what_cannot_be_ended_leaves_its_devices_to_be_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall, cleared = Hall(), list[str]()
    monkeypatch.setattr("hub.dispatch._END_S", 0.0)
    monkeypatch.setattr("hub.dispatch._FORCED_S", 0.0)

    def work(turn: Turn) -> JobReport:
        if turn.job == "bad":
            hall.wait_for("deaf")
            raise OSError("the disk is full")
        with undisturbed():
            return hall.work(turn)

    items = (Item("bad", Need(gpus=1)), Item("deaf", Need(gpus=1)))
    made = dispatch(hall, items, tmp_path, work=work)
    with pytest.raises(OSError, match="disk is full"):
        list(made.reports())
    at_work = [part.thread for part in made._at_work.values()]

    other = DeviceLocks(tmp_path, "run other", lambda: cleared.append("leftovers"))
    assert other.take(("0",))
    assert cleared == []
    assert other.take(("1",))
    assert cleared == ["leftovers"]
    other.give_all_back()
    hall.leave.set()
    for thread in at_work:
        thread.join(PATIENCE_S)


class StubbornServers(FakeServers):
    """Servers of an engine that cannot stop those that it is told to keep."""

    def __init__(self, *stubborn: str) -> None:
        super().__init__()
        self.stubborn = stubborn

    def stop(self, name: str) -> None:
        super().stop(name)
        if name in self.stubborn:
            raise EngineError(f"{name} cannot be stopped")


def test_a_server_that_cannot_be_stopped_keeps_no_other_from_it_and_no_device_from_others(tmp_path: Path) -> None:
    hall, servers, cleared = Hall(), StubbornServers("q"), list[str]()
    hall.leave.set()
    items = (Item("a", servers=("q",)), Item("b", servers=("r",)), Item("c"))
    reports = dispatch(hall, items, tmp_path, servers=servers, capacity=Capacity(TWO, slots=1)).reports()
    next(reports)

    with pytest.raises(EngineError, match="q cannot be stopped"):
        list(reports)

    other = DeviceLocks(tmp_path, "run other", lambda: cleared.append("leftovers"))
    assert servers.log == ["stop q"]
    assert other.withheld(("0", "1")) == {}
    assert other.take(("0", "1"))
    assert cleared == ["leftovers"]
    other.give_all_back()


def test_the_last_servers_are_all_stopped_though_one_cannot_be(tmp_path: Path) -> None:
    hall, servers, cleared = Hall(), StubbornServers("q"), list[str]()
    hall.leave.set()
    items = (Item("a", servers=("q",)), Item("b", servers=("r",)))
    reports = dispatch(hall, items, tmp_path, servers=servers, capacity=Capacity(TWO, slots=2)).reports()
    next(reports)

    with pytest.raises(EngineError, match="q cannot be stopped"):
        reports.close()

    other = DeviceLocks(tmp_path, "run other", lambda: cleared.append("leftovers"))
    assert servers.log == ["stop q", "stop r"]
    assert other.withheld(("0", "1")) == {}
    assert other.take(("1",))
    assert cleared == []
    assert other.take(("0",))
    assert cleared == ["leftovers"]
    other.give_all_back()


class StruckQueue:
    """A queue whose first `put` is struck by an interrupt once it has put."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[tuple[str, JobReport | BaseException]] = SimpleQueue()
        self._struck = False
        self.empty = self._queue.empty
        self.get = self._queue.get

    def put(self, item: tuple[str, JobReport | BaseException]) -> None:
        self._queue.put(item)
        if not self._struck:
            self._struck = True
            raise KeyboardInterrupt


def test_a_job_that_an_interrupt_strikes_behind_its_report_has_ended_once(tmp_path: Path) -> None:
    hall = Hall()
    hall.leave.set()
    made = dispatch(hall, (Item("a"), Item("b")), tmp_path, capacity=Capacity(slots=1))
    made._ended = StruckQueue()  # type: ignore[assignment]

    assert [found.id for found in made.reports()] == ["a", "b"]
