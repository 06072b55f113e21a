"""Have answers graded by the task's judge beside the asking: a thread with an event loop and a window of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from adapters.native.evaluator.items import Item
from adapters.native.evaluator.judges import Beside, Judged
from adapters.native.evaluator.models.exchange import Exchange
from adapters.native.evaluator.models.judge import Ruling, rule
from adapters.native.evaluator.models.window import Window
from adapters.native.evaluator.request import Outcome
from adapters.native.evaluator.verdicts import answer_in, graded

# What is under way when the job is told to end may still be judged.
DRAIN_S = 2.0
_CUT_OFF = "the job was ended before the judge had answered"


class Case(NamedTuple):
    """What an answer is an answer to: the sample's name, and its question."""

    sample: str
    item: Item


class Grading(Beside):
    """Grades what it is given, at most `most` at a time; a context manager, which lets go of what is left.

    An answer without a verdict comes back as `judge_fallback`, without scores. Nothing is sent before the first one.
    """

    all_done = "judged"

    def __init__(self, connect: Callable[[], Exchange], cases: Sequence[Case], *, most: int) -> None:
        """Begin with nothing to grade; `cases`: those of all requests, by number."""
        super().__init__()
        self._connect = connect
        self._cases = cases
        self._most = most
        self._loop = asyncio.new_event_loop()
        self._given: asyncio.Queue[tuple[int, Outcome] | None] = asyncio.Queue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._told = False

    def __enter__(self) -> Grading:  # noqa: PYI034 - Self is newer than Python 3.10
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Begin nothing more, and end the thread."""
        self._end()

    def give(self, number: int, outcome: Outcome) -> None:
        """Take an answer to grade; one that says nothing has attempted nothing, which needs no judge."""
        self._left += 1
        if answer_in(outcome.text) is None:
            self._done.put(Judged(number, outcome, graded("NOT_ATTEMPTED", None, outcome.text)))
            return
        if not self._thread.ident:
            self._thread.start()
        self._loop.call_soon_threadsafe(self._given.put_nowait, (number, outcome))

    def salvage(self) -> Iterator[Judged]:
        """Ask nothing more, wait a moment for what is under way, and yield all; without a verdict, too."""
        self._end()
        yield from super().salvage()

    def _end(self) -> None:
        if self._told:
            return
        self._told = True
        if self._thread.ident:
            self._loop.call_soon_threadsafe(self._given.put_nowait, None)
            self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # noqa: BLE001 - raised where results are taken
            self._done.put(error)

    async def _serve(self) -> None:
        """Grade until the end is told; then what is under way has DRAIN_S more."""
        window = Window(self._most)
        under_way: set[asyncio.Task[None]] = set()
        async with self._connect() as exchange:
            while given := await self._given.get():
                task = asyncio.create_task(self._grade(exchange, window, *given))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            await _drain(under_way)

    async def _grade(self, exchange: Exchange, window: Window, number: int, outcome: Outcome) -> None:
        try:
            ruling = await self._ruling(exchange, window, number, outcome)
        except asyncio.CancelledError:
            ruling = Ruling(None, _CUT_OFF)
        except Exception as error:  # noqa: BLE001 - raised where results are taken
            self._done.put(error)
            return
        self._done.put(_judged(number, outcome, ruling))

    async def _ruling(self, exchange: Exchange, window: Window, number: int, outcome: Outcome) -> Ruling:
        ticket = await window.enter()
        failure: str | None = None
        try:
            if self._told:
                return Ruling(None, _CUT_OFF)
            ruling = await rule(exchange, *self._cases[number], answer_in(outcome.text) or "")
            failure = ruling.failure
        finally:
            window.leave(ticket, failure)
        return ruling


def _judged(number: int, outcome: Outcome, ruling: Ruling) -> Judged:
    if ruling.grade is None:
        return Judged(number, replace(outcome, state="judge_fallback", error=ruling.reason), None)
    return Judged(number, outcome, graded(ruling.grade, answer_in(outcome.text), outcome.text))


async def _drain(tasks: set[asyncio.Task[None]]) -> None:
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=DRAIN_S)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
