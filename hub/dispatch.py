"""Carry the scheduler's decisions out: a thread for each job, servers before and after it, devices held meanwhile."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from hub.demand import Workload
from hub.devicelocks import DeviceLocks
from hub.interrupts import interrupt, undisturbed
from hub.report import JobReport
from hub.scheduler import Item, Running, Start, State, Step, decide, why_never
from hub.serving import Servers
from hub.text import count_of

_POLL_S = 0.2
_END_S = 90.0  # a job has a grace period, and what it wrote is read
_FORCED_S = 10.0

Devices = tuple[str, ...]


@dataclass(frozen=True)
class Turn:
    """A job's turn: which devices it gets, and which its servers have, by their names."""

    job: str
    devices: Devices = ()
    servers: Mapping[str, Devices] = field(default_factory=dict)


@dataclass(frozen=True)
class Orders:
    """What a dispatch asks of whoever knows the jobs; all but `work` from the thread that asks for the reports.

    Attributes:
        work: carries a job out, in a thread of its own; raises where the run cannot go on.
        refuse: makes the report of a job that can never run here.
        halted: whether no more jobs are to be started; those at work end by themselves.
        tell: what a job's user should know.
    """

    work: Callable[[Turn], JobReport]
    refuse: Callable[[str, str], JobReport]
    halted: Callable[[], bool]
    tell: Callable[[str, str], None]


@dataclass
class _AtWork:
    item: Item
    devices: Devices
    thread: threading.Thread
    since: float

    def running(self, now: float) -> Running:
        """Return it as the scheduler sees it: one that is overdue is expected to take as long again."""
        elapsed = now - self.since
        left_s = self.item.seconds - elapsed
        return Running(self.item, self.devices, left_s if left_s > 0 else max(elapsed, 1.0))


class Dispatch:
    """The jobs of a run on their way.

    Attributes:
        failure: why what is at work is to end, though no user wants that; empty while all is well.
    """

    def __init__(self, workload: Workload, servers: Servers, locks: DeviceLocks, orders: Orders) -> None:
        """Start nothing yet."""
        self.failure = ""
        self._load = workload
        self._waiting = workload.items
        self._servers = servers
        self._locks = locks
        self._orders = orders
        self._at_work: dict[str, _AtWork] = {}
        self._serving: dict[str, Devices] = {}
        self._ended: queue.SimpleQueue[tuple[str, JobReport | BaseException]] = queue.SimpleQueue()
        self._withheld: dict[str, str] = {}
        self._told: set[str] = set()

    def reports(self) -> Generator[JobReport, None, None]:
        """Yield the report of each job as it ends; what a job raised is raised, once the others have ended."""
        try:
            yield from self._impossible()
            while self._at_work or (self._waiting and not self._orders.halted()):
                self._take_steps()
                if ended := self._next_ended():
                    yield ended
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                self._interrupt()
            self.failure = f"stopped, for the run cannot go on: {error}" if str(error) else "stopped with the run"
            raise
        finally:
            self._wind_up()

    def _take_steps(self) -> None:
        while not self._orders.halted():
            step = decide(self._state())
            if step is None:
                break
            self._take(step)
        self._tell_waits()

    def _state(self) -> State:
        ids = [device.id for device in self._load.capacity.devices]
        self._withheld = self._locks.withheld(ids) if self._waiting and ids else {}
        now = time.monotonic()
        return State(
            self._load.capacity,
            self._load.servers,
            self._waiting,
            running=tuple(part.running(now) for part in self._at_work.values()),
            serving=self._serving,
            withheld=frozenset(self._withheld),
        )

    def _take(self, step: Step) -> None:
        if isinstance(step, Start):
            if self._locks.take(step.place.all_devices):  # else somebody was quicker: the next state says so
                self._start(step)
            return
        with undisturbed():
            self._stop(step.model)

    def _stop(self, model: str) -> None:
        """Stop a server; where that cannot be done, its devices are let go of as a dead process does it."""
        devices = self._serving.pop(model)
        try:
            self._servers.stop(model)
        except BaseException:
            self._locks.leave(devices)
            raise
        self._locks.give_back(devices)

    def _start(self, step: Start) -> None:
        item = step.item
        self._waiting = tuple(other for other in self._waiting if other.id != item.id)
        self._serving |= dict(step.place.servers)
        turn = Turn(item.id, step.place.devices, {name: self._serving[name] for name in item.servers})
        thread = threading.Thread(target=self._work, args=(turn,), name=f"job-{item.id}", daemon=True)
        self._at_work[item.id] = _AtWork(item, turn.devices, thread, time.monotonic())
        thread.start()

    def _work(self, turn: Turn) -> None:
        outcome: JobReport | BaseException
        try:
            outcome = self._orders.work(turn)
        except BaseException as error:  # noqa: BLE001 - raised again, where the reports are asked for
            outcome = error
        with suppress(KeyboardInterrupt):  # it is said once, wherever an interrupt strikes
            self._ended.put((turn.job, outcome))

    def _next_ended(self) -> JobReport | None:
        """Return the report of the next job that ends; None where none does for a moment.

        Raises:
            BaseException: what a job raised.
        """
        try:
            job, outcome = self._ended.get(timeout=_POLL_S)
        except queue.Empty:
            job = next((name for name, part in self._at_work.items() if not part.thread.is_alive()), "")
            if not job or not self._ended.empty():
                return None
            outcome = KeyboardInterrupt()  # it struck where the thread was about to say how it ended
        except KeyboardInterrupt:
            self._interrupt()
            return None
        part = self._at_work.pop(job)
        part.thread.join()
        self._locks.give_back(part.devices)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def _impossible(self) -> Iterator[JobReport]:
        """Yield the reports of jobs for which there is never room."""
        reasons = {item.id: why_never(item, self._load.servers, self._load.capacity) for item in self._waiting}
        self._waiting = tuple(item for item in self._waiting if not reasons[item.id])
        yield from (self._orders.refuse(job, why) for job, why in reasons.items() if why)

    def _tell_waits(self) -> None:
        """Say once which job waits for whom."""
        for item in self._waiting:
            wanted = item.need.count or any(self._load.servers[name].need.count for name in item.servers)
            holders = sorted({who for who in self._withheld.values() if who})
            if not wanted or not holders:
                continue
            names = [device for device in self._withheld if not item.need.devices or device in item.need.devices]
            if names and item.id not in self._told and not self._orders.halted():
                self._told.add(item.id)
                count = count_of(len(names), "GPU").partition(" ")[2]
                self._orders.tell(item.id, f"waits: {count} {', '.join(names)} held by {', '.join(holders)}")

    def _wind_up(self) -> None:
        """Have all that is still at work end, stop what still serves, and let go of the devices."""
        self._join(_END_S)
        self._interrupt()
        self._join(_FORCED_S)
        with undisturbed(), ExitStack() as stack:  # one that cannot be stopped keeps nobody else from it
            stack.callback(self._locks.give_all_back)
            for part in self._at_work.values():
                if part.thread.is_alive():  # it would not end: who has its devices next ends what is left on them
                    self._locks.leave(part.devices)
            for name in reversed(self._serving):
                stack.callback(self._stop, name)

    def _join(self, within_s: float) -> None:
        until = time.monotonic() + within_s
        while self._is_at_work() and time.monotonic() < until:
            pass

    def _is_at_work(self) -> bool:
        """Return whether anything is still at work, after a moment where it is."""
        try:
            if not any(part.thread.is_alive() for part in self._at_work.values()):
                return False
            time.sleep(_POLL_S)  # not thread.join: struck by an interrupt, it takes the thread for ended (until 3.13)
        except KeyboardInterrupt:
            self._interrupt()
        return True

    def _interrupt(self) -> None:
        """Pass an interrupt on: the user's patience is over, wherever it strikes, and it is for those that work."""
        for part in self._at_work.values():
            interrupt(part.thread)
