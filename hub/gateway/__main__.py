"""The gateway's process: standard input's first line is its configuration, others are orders, its end the last."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from hub.gateway.config import Books, Listener
from hub.gateway.protocol import READY, Begin, Event, decode_command, decode_start, encode_event
from hub.gateway.server import Server, serving
from hub.gateway.written import BooksError


async def run(
    listeners: tuple[Listener, ...], books: Books, lines: Iterator[bytes], environ: Mapping[str, str]
) -> str:
    """Serve until `lines` end or SIGTERM arrives; return why it had to end before, if it had.

    Raises:
        BooksError: the books cannot be opened.
    """
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    reasons: list[str] = []

    def fail(reason: str) -> None:
        reasons.append(reason)
        stop.set()

    loop.add_signal_handler(signal.SIGTERM, stop.set)
    async with serving(listeners, environ, books, _tell, fail) as server:
        orders = _Orders(server)
        # A thread: epoll knows neither files nor /dev/null, which standard input may be.
        threading.Thread(target=_listen, args=(lines, loop, orders.take, stop), daemon=True).start()
        _spare_garbage_collection()
        _print(READY)
        await stop.wait()
        orders.cancel()
    return "; ".join(dict.fromkeys(reasons))


class _Orders:
    """Carries out what the hub orders, each order beside the others."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._work: set[asyncio.Task[None]] = set()

    def take(self, line: str) -> None:
        task = asyncio.ensure_future(self._carry_out(line))
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    def cancel(self) -> None:
        for task in self._work:
            task.cancel()

    async def _carry_out(self, line: str) -> None:
        command = decode_command(line)
        if isinstance(command, Begin):
            await self._server.begin(command.listener)
            return
        with contextlib.suppress(BooksError):  # the process is about to end, which the hub sees, and says why
            await self._server.end(command.job_id)


def _listen(lines: Iterator[bytes], loop: asyncio.AbstractEventLoop, take: Any, stop: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: SIGTERM was first
        for line in lines:
            loop.call_soon_threadsafe(take, line.decode())
        loop.call_soon_threadsafe(stop.set)


def _lines(file: int) -> Iterator[bytes]:
    """Yield whole lines; not by a Python file, whose lock a thread that waits would hold when the process ends."""
    partial = b""
    while chunk := os.read(file, 1 << 16):
        *whole, partial = (partial + chunk).split(b"\n")
        yield from whole


def _tell(event: Event) -> None:
    _print(encode_event(event))


def _print(line: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # the hub died and nobody reads it
        print(line, flush=True)  # noqa: T201 - the hub reads it


def _spare_garbage_collection() -> None:
    """Look through what a call leaves only every hundredth call or so, and through what is loaded never again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _raise_file_limit() -> None:
    """Two files a call: take as many as we may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> int:
    """Read the configuration and serve; returns the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the hub decides when it ends
    _raise_file_limit()
    lines = _lines(sys.stdin.fileno())
    try:
        reason = asyncio.run(run(*decode_start(next(lines).decode()), lines, os.environ))
    except (BooksError, OSError) as error:
        reason = f"cannot serve: {error}"
    if reason:
        print(reason, file=sys.stderr)  # noqa: T201 - the hub shows it
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main())
