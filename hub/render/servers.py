"""A model server of a run in one line: on what it ran, how often it was started, what became of it."""

from __future__ import annotations

from collections.abc import Iterator

from hub.report import ServerReport
from hub.text import count_of, show_duration


def show_server(server: ServerReport) -> str:
    """Return what a reader should know of a server beside its name and its weights."""
    return ", ".join(_parts(server))


def _parts(server: ServerReport) -> Iterator[str]:
    yield server.engine
    if server.devices:
        yield f"{count_of(len(server.devices), 'GPU').partition(' ')[2]} {', '.join(server.devices)}"
    else:
        yield "on the processors"
    yield "started once" if server.starts == 1 else f"started {server.starts} times"
    if server.loading_s is not None:
        yield f"loaded in {show_duration(server.loading_s)}"
    if server.state == "lost":
        yield f"lost: {server.reason}"
