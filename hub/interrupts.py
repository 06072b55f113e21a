"""Let an end be orderly: what must not be left half done is finished before an interrupt takes effect."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE_S = 30.0
_GUARD = threading.Lock()
_SHELTERED: Counter[int] = Counter()  # threads that are undisturbed, by how many blocks


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore interrupts for the length of the block, which must be bounded; outside the main thread, `interrupt`."""
    if threading.current_thread() is threading.main_thread():
        with _handled((*_SIGNALS, signal.SIGALRM), _pass):
            yield
        return
    mine = threading.get_ident()
    with _GUARD:
        _SHELTERED[mine] += 1
    try:
        yield
    finally:
        with _GUARD:
            _SHELTERED[mine] -= 1


def interrupt(thread: threading.Thread) -> None:
    """Raise a KeyboardInterrupt in another thread, as soon as it computes; not where it is `undisturbed`."""
    import ctypes  # noqa: PLC0415 - for an end without patience only

    with _GUARD:
        if thread.ident is not None and not _SHELTERED[thread.ident]:
            number = ctypes.c_ulong(thread.ident)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(number, ctypes.py_object(KeyboardInterrupt))


@contextmanager
def held(patience_s: float = _PATIENCE_S) -> Iterator[Callable[[], bool]]:
    """Note interrupts for the length of the block and raise none; yield the function that says whether one came.

    Who asks it stops in good order. Whatever is still at work `patience_s` after the first interrupt gets a
    KeyboardInterrupt after all (not inside `undisturbed`). Outside the main thread nothing is held or noted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    note = _Note(patience_s)
    with _handled((*_SIGNALS, signal.SIGALRM), note):
        try:
            yield lambda: note.since is not None
        finally:
            if note.since is not None:
                signal.setitimer(signal.ITIMER_REAL, 0)


class _Note:
    """A signal handler that remembers when the first interrupt came."""

    def __init__(self, patience_s: float) -> None:
        self.since: float | None = None
        self._patience_s = patience_s

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.since is None:
            self.since = now
            # It repeats: a tick that meets `undisturbed` is lost.
            signal.setitimer(signal.ITIMER_REAL, self._patience_s, min(1.0, self._patience_s))
        elif now - self.since >= self._patience_s:
            raise KeyboardInterrupt


@contextmanager
def _handled(numbers: tuple[signal.Signals, ...], handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    # Those that are ignored stay so (nohup). Otherwise a handler of ours, not SIG_IGN: that one every child inherits.
    kept = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = [(number, signal.signal(number, handler)) for number in kept]
    try:
        yield
    finally:
        for number, earlier in before:
            signal.signal(number, earlier)


def _pass(_number: int, _frame: FrameType | None) -> None:
    """Do nothing."""
