"""The supervisor of one job: a process that outlives the hub, holds the job's tree and writes how it ended.

`python -m hub.engine.venv.supervisor` reads a Spec from standard input, prints the job's Handle and detaches.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from hub.clock import Stopwatch
from hub.engine import Handle
from hub.engine.namespace import adopt_orphans
from hub.engine.venv.launch import Spec, launch
from hub.engine.venv.log import BoundedLog
from hub.engine.venv.outcome import Evidence, outcome_of, write_outcome
from hub.engine.venv.process import kill_descendants, memory_above, start_mark
from hub.engine.venv.records import remember

_MEMORY_EVERY_S = 0.5
_SWEEP_S = 5.0
_CHUNK = 1 << 16


@dataclass
class _Watch:
    """What the supervisor knows while the job runs."""

    spec: Spec
    pid: int
    status: int | None = None
    stopped: bool = False
    memory_bytes: int | None = None
    kill_at: float | None = None
    look_at: float | None = None

    @property
    def pause_s(self) -> float | None:
        """Return how long nothing is to be done; None until something happens."""
        times = [at for at in (self.kill_at, self.look_at) if at is not None]
        return max(0.0, min(times) - time.monotonic()) if times else None


def main() -> None:
    """Detach, run the job, write its outcome."""
    spec = Spec(**json.load(sys.stdin))
    if os.fork():
        os._exit(0)
    os.setsid()
    clock = Stopwatch()
    handle = Handle("venv", str(os.getpid()), spec.folder, clock.started_at, start_mark(os.getpid()) or "")
    remember(Path(spec.records), handle)
    log = BoundedLog(Path(spec.folder) / "log.txt")
    _detach(handle, log)
    _supervise(spec, log, clock)


def _detach(handle: Handle, log: BoundedLog) -> None:
    """Hand the handle over and let go of the hub: nobody reads our pipes from here on."""
    sys.stdout.write(json.dumps(asdict(handle)))
    sys.stdout.flush()
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.dup2(log.fileno(), 2)  # the supervisor's own traceback, should there be one
    os.close(null)


def _supervise(spec: Spec, log: BoundedLog, clock: Stopwatch) -> None:
    adopt_orphans()
    wake = _wake_on(signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    output, write_end = os.pipe()
    watch = _Watch(spec, launch(spec, write_end))
    os.close(write_end)
    watch.look_at = time.monotonic() if spec.memory_bytes is not None else None
    _loop(watch, output, wake, log)
    _sweep()
    _drain(output, log)
    log.close()
    evidence = Evidence(watch.status, watch.stopped, watch.memory_bytes, spec.memory_bytes, spec.timeout_s)
    write_outcome(Path(spec.folder), outcome_of(evidence, clock.started_at, clock.now))


def _wake_on(*numbers: signal.Signals) -> int:
    """Return a pipe that gets one byte, its number, per signal."""
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    for number in numbers:
        signal.signal(number, lambda *_: None)
    return read_end


def _loop(watch: _Watch, output: int, wake: int, log: BoundedLog) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        while watch.status is None:
            for key, _ in selector.select(watch.pause_s):
                if key.fd == wake:
                    _on_signals(watch, os.read(wake, 512))
                elif data := os.read(output, _CHUNK):
                    log.feed(data)
                else:
                    selector.unregister(output)
            _on_time(watch)


def _on_signals(watch: _Watch, numbers: bytes) -> None:
    if any(number != signal.SIGCHLD for number in numbers) and not watch.stopped:
        watch.stopped = True
        watch.kill_at = time.monotonic() + watch.spec.grace_s
        with contextlib.suppress(ProcessLookupError):
            os.kill(watch.pid, signal.SIGTERM)
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            if found[0] == watch.pid:
                watch.status = found[1]


def _on_time(watch: _Watch) -> None:
    now = time.monotonic()
    if watch.kill_at is not None and now >= watch.kill_at:
        watch.kill_at = now + 1.0
        kill_descendants(os.getpid())
    if watch.look_at is not None and now >= watch.look_at and watch.spec.memory_bytes is not None:
        watch.look_at = now + _MEMORY_EVERY_S
        held = memory_above(os.getpid(), watch.spec.memory_bytes)
        if held is not None and watch.memory_bytes is None:
            watch.memory_bytes = held
            watch.kill_at = now
            _on_time(watch)


def _sweep() -> None:
    """Kill and reap what the job left running; a process stuck in the kernel is not waited for for ever."""
    deadline = time.monotonic() + _SWEEP_S
    while time.monotonic() < deadline and kill_descendants(os.getpid()):
        time.sleep(0.01)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _drain(output: int, log: BoundedLog) -> None:
    os.set_blocking(output, False)
    with contextlib.suppress(BlockingIOError):
        while data := os.read(output, _CHUNK):
            log.feed(data)


if __name__ == "__main__":
    main()
