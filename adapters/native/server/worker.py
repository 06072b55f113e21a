"""The thread in which the model computes: takes orders from the event loop, and tells it what came of them."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence

from adapters.native.server.work import Engine, Progress, Work

_Order = Callable[[Engine], None]


class Worker:
    """Hands orders to an engine between its steps; `add`, `cancel` and `close` may be called from any thread."""

    def __init__(self, tell: Callable[[Sequence[Progress]], None]) -> None:
        """Keep whom to tell; it is called in the worker's thread."""
        self._tell = tell
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._under_way: set[int] = set()

    def add(self, key: int, work: Work) -> None:
        """Let a work be computed."""

        def order(engine: Engine) -> None:
            self._under_way.add(key)
            engine.add(key, work)

        self._orders.put(order)

    def cancel(self, key: int) -> None:
        """Let a work be forgotten."""

        def order(engine: Engine) -> None:
            self._under_way.discard(key)
            engine.cancel(key)

        self._orders.put(order)

    def close(self) -> None:
        """Let `run` return after the step that is under way."""
        self._orders.put(None)

    def run(self, engine: Engine) -> None:
        """Compute until closed; what the engine raises comes out, for nobody knows what state it is in."""
        while self._obey(engine):
            found = engine.step()
            self._under_way -= {progress.key for progress in found if progress.ended}
            if found:
                self._tell(found)

    def _obey(self, engine: Engine) -> bool:
        """Carry out the orders that are there, waiting for one where there is nothing to compute; False: close."""
        while True:
            try:
                order = self._orders.get(block=not self._under_way)
            except queue.Empty:
                return True
            if order is None:
                return False
            order(engine)
