"""How far a part is whose answers another process writes: counted in the file that it saves them to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.opencompass.runner.session import Held, Session

_INTERVAL_S = 1.0


class Watch:
    """Tells the meter of each answer once."""

    def __init__(self, session: Session, held: Held) -> None:
        """Start with none told."""
        self._session = session
        self._held = held
        self._told = 0

    def look(self) -> None:
        """Tell of the answers that were saved since the last look."""
        self._tell(self._session.answered(self._held))

    def finish(self) -> None:
        """Tell of all that are left: likelihoods are saved at the end only, and so is the last batch."""
        self._tell(self._held.rows)

    def _tell(self, done: int) -> None:
        if done > self._told:
            self._session.meter.step(self._held.dataset.label, done - self._told)
            self._told = done


@contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """Look every second for as long as this lasts."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(_INTERVAL_S):
            watch.look()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
