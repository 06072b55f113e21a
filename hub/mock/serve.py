"""Bind, announce, serve until a signal comes: the mock as a process of its own."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
from collections.abc import Callable

from hub.errors import PrerequisiteError
from hub.mock.journal import Journal
from hub.mock.server import MockOptions, serving

_BACKLOG = 1024
_MEND = "--port 0 takes a free port, --host another address"


def bind(host: str, port: int, *, mend: str = _MEND) -> socket.socket:
    """Return a listening socket; `mend`: what to do where there can be none.

    Raises:
        PrerequisiteError: the address is taken, or none of this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PrerequisiteError(f"cannot serve on {host}:{port}: {reason}", hint=mend) from error


def url_of(listener: socket.socket) -> str:
    """Return the base URL under which this machine reaches a socket."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}/v1" if ":" in host else f"http://{host}:{port}/v1"


def is_open(listener: socket.socket) -> bool:
    """Return whether others than this machine may reach a socket."""
    return not ipaddress.ip_address(listener.getsockname()[0]).is_loopback


def serve(options: MockOptions, journal: Journal, listener: socket.socket, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `announce` is told the URL as soon as requests are taken."""
    asyncio.run(_serve(options, journal, listener, announce))


async def _serve(
    options: MockOptions, journal: Journal, listener: socket.socket, announce: Callable[[str], None]
) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with serving(options, journal, listener):
        announce(url_of(listener))
        await stop.wait()
