"""One request on its way to the upstream and back, which others may join who ask for the same answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from types import TracebackType

from hub.gateway import failures
from hub.gateway.call import MAX_BODY, Answer, Call, Failure, Headers, Step
from hub.gateway.sse import finishes, tells_error
from hub.gateway.stored import Stored
from hub.gateway.written import BooksError

Keep = Callable[[Stored], Awaitable[Stored]]
More = Callable[[], Awaitable[None]]
_KEPT_HEADERS = frozenset({"content-type"})  # others tell of that moment, such as rates


class Flight:
    """Driven by the call that began it, to its end, though its client may leave: what it takes is paid.

    Pieces of a stream are passed on as they come. From the piece that ends the answer on they are held back until
    the whole is kept: a client that has its answer then always gets the same again.
    """

    def __init__(self, call: Call, keep: Keep, on_end: Callable[[], object]) -> None:
        """Begin with nothing sent.

        Args:
            call: what is asked.
            keep: makes an answer durable and returns the one that counts.
            on_end: is called when it is over; whoever comes later finds the answer on disk, or none.
        """
        self._call = call
        self._keep = keep
        self._on_end = on_end
        self._answer: Answer | None = None  # a whole one; of a stream, its head
        self._pieces: list[bytes] = []
        self._bytes = 0
        self._ends = False  # the piece that ends the answer has come
        self._free = 0  # so many of the pieces may be passed on
        self._broken: Failure | None = None
        self._over = False
        self._waiting: list[asyncio.Future[None]] = []

    async def lead(self, following: Step) -> Answer:
        """Send the request, and return the answer for the call that began it."""
        try:
            answer = await following(self._call)
            if answer.rest is None:
                answer = await self._kept(answer)
        except BooksError as error:  # the process is about to end
            answer = Answer.failed(failures.cannot_keep(str(error)))
        except BaseException:
            self._end()
            raise
        self._answer = answer
        if answer.rest is None:
            self._end()
            return answer
        self._rest = answer.rest
        self._call.closing.push_async_exit(self._complete)
        self._add(answer.body)
        return await self._begun(answer, self._call, self._advance)

    async def join(self, call: Call) -> Answer | None:
        """Return the answer for another call, as soon as there is something of it; None where there will be none."""
        while not (self._over or self._free):
            await self._change()
        if self._answer is None:
            return None
        if self._answer.rest is None:
            self._note_tokens(call)
            return self._answer
        return await self._begun(self._answer, call, self._change)

    async def _begun(self, head: Answer, call: Call, more: More) -> Answer:
        while not (self._over or self._free):
            await more()
        rest = self._follow(self._free, call, more)
        call.closing.push_async_callback(rest.aclose)
        return replace(head, body=b"".join(self._pieces[: self._free]), rest=rest)

    async def _follow(self, place: int, call: Call, more: More) -> AsyncGenerator[bytes | Failure, None]:
        while True:
            while place < self._free:
                place += 1
                yield self._pieces[place - 1]
            if self._over:
                break
            await more()
        self._note_tokens(call)
        if self._broken is not None:
            yield self._broken

    def _note_tokens(self, call: Call) -> None:
        mine = self._call.account
        call.account.tokens_in, call.account.tokens_out = mine.tokens_in, mine.tokens_out

    async def _change(self) -> None:
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    def _tell(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()

    async def _advance(self) -> None:
        """Take the next piece of a stream; after the last one keep the whole."""
        piece: bytes | Failure | None = None
        try:
            piece = await anext(self._rest, None)
            if piece is None:
                await self._keep_stream()
        except BooksError as error:
            piece = failures.cannot_keep(str(error))
        except BaseException:  # out of time, or ended with its job: what came must never be taken for the whole
            self._break(failures.took_too_long(self._call.upstream))
            raise
        if isinstance(piece, bytes):
            self._add(piece)
        elif isinstance(piece, Failure):
            self._break(piece)
        else:
            self._end()

    def _add(self, piece: bytes) -> None:
        self._bytes += len(piece)
        if self._bytes > MAX_BODY:
            self._break(failures.too_large(self._call.upstream))
            return
        self._ends = self._ends or finishes(piece)
        self._pieces.append(piece)
        if not self._ends:
            self._free = len(self._pieces)
            self._tell()

    def _break(self, failure: Failure) -> None:
        self._broken = failure
        self._end()

    def _end(self) -> None:
        self._over = True
        self._free = len(self._pieces)
        self._on_end()
        self._tell()

    async def _complete(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Read a stream to its end whose client has left."""
        if not self._over and kind is asyncio.CancelledError:
            self._break(failures.took_too_long(self._call.upstream))
        while not self._over:
            await asyncio.wait_for(self._advance(), self._call.time_left_s())

    async def _kept(self, answer: Answer) -> Answer:
        if answer.failure is not None or answer.status != 200:
            return answer
        mine = self._stored(answer, answer.body)
        kept = await self._keep(mine)
        return answer if kept is mine else replace(answer, headers=kept.headers, body=kept.body)

    async def _keep_stream(self) -> None:
        body = b"".join(self._pieces)
        if self._answer is not None and self._answer.status == 200 and not tells_error(body):
            await self._keep(self._stored(self._answer, body))

    def _stored(self, answer: Answer, body: bytes) -> Stored:
        account = self._call.account
        return Stored(answer.status, _kept(answer.headers), body, account.tokens_in, account.tokens_out)


def _kept(headers: Headers) -> Headers:
    return tuple(pair for pair in headers if pair[0].lower() in _KEPT_HEADERS)
