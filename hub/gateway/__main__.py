"""The gateway's process: standard input's first line is its configuration, its end the order to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import sys
import threading
from collections.abc import Mapping

from hub.gateway.config import READY, Listener, decode_listeners, encode_counts
from hub.gateway.server import serving


async def run(listeners: tuple[Listener, ...], environ: Mapping[str, str]) -> tuple[str, ...]:
    """Serve until standard input ends or SIGTERM arrives; return the counts, as lines."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    async with serving(listeners, environ) as counts:
        # A thread: epoll knows neither files nor /dev/null, which standard input may be.
        threading.Thread(target=_wait_for_end, args=(loop, stop), daemon=True).start()
        print(READY, flush=True)  # noqa: T201 - the hub reads it
        await stop.wait()
    return encode_counts(counts.all())


def _wait_for_end(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(0, 4096):
        pass
    with contextlib.suppress(RuntimeError):  # the loop is closed: SIGTERM was first
        loop.call_soon_threadsafe(stop.set)


def _raise_file_limit() -> None:
    """Two files a call: take as many as we may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> int:
    """Read the configuration and serve; returns the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the hub decides when it ends
    _raise_file_limit()
    try:
        lines = asyncio.run(run(decode_listeners(sys.stdin.readline()), os.environ))
    except OSError as error:
        print(f"cannot serve: {error}", file=sys.stderr)  # noqa: T201 - the hub shows it
        return 1
    with contextlib.suppress(BrokenPipeError):  # the hub died and nobody reads them
        print(*lines, sep="\n", end="\n" if lines else "", flush=True)  # noqa: T201 - the hub reads them
    return 0


if __name__ == "__main__":
    sys.exit(main())
