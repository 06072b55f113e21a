"""The servers of a live run: each known by its name in the plan, and what became of it in the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hub.engine import Engine
from hub.files import write_atomic
from hub.observer import Observer, ServerChanged, ServerState
from hub.report import EnvironmentRecord, ServerReport
from hub.server import PlannedServer
from hub.serving.kept import KeptServer
from hub.serving.place import FOLDER, held_sockets, server_socket
from hub.serving.process import ServerProcess, Site

_RECORD = "server.json"
_STATES = {"ready": "up", "stopped": "stopped", "lost": "lost"}


@dataclass(frozen=True)
class Ground:
    """What the servers of a run stand on.

    Attributes:
        folder: the run's.
        sockets: the folder for sockets of servers.
        interrupted: whether the user wants the run to stop.
    """

    run_id: str
    folder: Path
    sockets: Path
    engine: Engine
    environments: Mapping[str, EnvironmentRecord]
    observe: Observer
    interrupted: Callable[[], bool]


class LiveServers:
    """The servers of a plan; a `hub.serving.Servers`, and a context manager, which ends them."""

    def __init__(self, planned: tuple[PlannedServer, ...], ground: Ground) -> None:
        """Start nothing yet."""
        self._ground = ground
        self._kept = {server.name: self._keep(server, number) for number, server in enumerate(planned)}
        self._devices: dict[str, tuple[str, ...]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> LiveServers:  # noqa: PYI034 - Self is newer than Python 3.10
        """Hold the place of their sockets.

        Raises:
            PrerequisiteError: it cannot be made, or is not ours.
        """
        if self._kept:
            self._stack.enter_context(held_sockets(self._ground.sockets, self._ground.run_id, len(self._kept)))
        for server in self._kept.values():  # one that cannot be stopped keeps no other from it
            self._stack.callback(server.stop)
        return self

    def __exit__(self, *_: object) -> None:
        """End every server that is up, and remove where they listened."""
        self._stack.close()

    def start(self, name: str, devices: tuple[str, ...]) -> None:
        """Start a server on these GPUs and return once it answers; nothing to do where it is up.

        Raises:
            ServerError: it did not come up in time, or ended; the message has the end of its log.
        """
        self._devices[name] = devices
        self._kept[name].start(devices)

    def stop(self, name: str) -> None:
        """End a server, and return once its devices are free; nothing to do where it is not up."""
        self._kept[name].stop()

    def lost(self, name: str) -> str:
        """Return why a server that was started is gone for good, after its one restart; empty while it is well."""
        return self._kept[name].lost

    def _keep(self, planned: PlannedServer, number: int) -> KeptServer:
        ground = self._ground

        def make(stopping: Callable[[], bool]) -> ServerProcess:
            site = Site(
                ground.run_id,
                ground.sockets,
                server_folder(ground.folder, planned.name),
                server_socket(ground.sockets, ground.run_id, number),
                ground.engine,
                ground.environments[planned.job.image],
                lambda: stopping() or ground.interrupted(),
                lambda seconds: ground.observe(ServerChanged(planned.name, "loading", "", seconds)),
            )
            return ServerProcess(planned, site)

        return KeptServer(planned.name, make, partial(self._tell, planned))

    def _tell(self, planned: PlannedServer, state: ServerState, reason: str, seconds: float) -> None:
        """Keep what the report will say, and tell whoever watches."""
        folder = server_folder(self._ground.folder, planned.name)
        before = read_server(folder)
        record = ServerReport(
            name=planned.name,
            engine=planned.serve.engine,
            identity=planned.identity,
            environment=self._ground.environments.get(planned.job.image),
            devices=self._devices.get(planned.name, ()),
            starts=(before.starts if before else 0) + (state in {"starting", "restarting"}),
            state=_STATES.get(state, "up"),
            reason=reason,
            loading_s=seconds if state == "ready" else before.loading_s if before else None,
        )
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / _RECORD, record.model_dump_json(indent=2) + "\n")
        self._ground.observe(ServerChanged(planned.name, state, reason, seconds))


def server_folder(run: Path, name: str) -> Path:
    """Return a server's folder in the run."""
    return run / FOLDER / name


def read_server(folder: Path) -> ServerReport | None:
    """Return what became of a server; None where it was never started."""
    try:
        return ServerReport.model_validate_json((folder / _RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def read_servers(run: Path, names: Iterable[str]) -> tuple[ServerReport, ...]:
    """Return what became of those servers of a run that were started."""
    return tuple(filter(None, (read_server(server_folder(run, name)) for name in names)))
