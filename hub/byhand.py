"""serve: one model server without a task, at a loopback port, until somebody ends it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from hub.ahead import locked_desk
from hub.demand import workload_of
from hub.devicelocks import DeviceLocks
from hub.engine import Engine
from hub.errors import ServerError
from hub.grant import free_devices, granted
from hub.interrupts import held
from hub.mock.serve import bind, url_of
from hub.observer import Observer, Preparing
from hub.orchestrator import Request, plan_task, survey
from hub.plan import Plan
from hub.prepare import fetch_missing, images_of, make_environments
from hub.serving.live import Ground, LiveServers, server_folder
from hub.serving.place import LOG, server_socket, sockets_dir
from hub.serving.port import forwarded
from hub.settings import Settings
from hub.taskfile import load_task

PREFIX = "serve-"
_POLL_S = 0.2


@dataclass(frozen=True)
class Wanted:
    """What to serve, and where: `model` has a model's keys in a task, `serve` among them."""

    name: str
    model: Mapping[str, Any]
    port: int


def plan_one(wanted: Wanted, settings: Settings) -> Plan:
    """Return a plan of one server and no job.

    Raises:
        TaskError: the model is none that can be served.
    """
    asks = {"backend": "echo", "datasets": ["echo"]}  # of a task that has nothing else to do
    task = load_task({"version": 1, "models": {wanted.name: dict(wanted.model)}, "evaluations": [asks]})
    return replace(plan_task(task, settings), jobs=())


def serve_one(
    wanted: Wanted, settings: Settings, request: Request, observe: Observer, announce: Callable[[str], None]
) -> None:
    """Serve until an interrupt.

    `announce` is told the URL once the model is loaded.

    Raises:
        TaskError, PrerequisiteError, ImageError: as for a run; the port is taken, or a GPU that it needs.
        ServerError: it did not come up, or is lost; its log is kept until the next one is served.
    """
    plan = plan_one(wanted, settings)
    with bind("127.0.0.1", wanted.port, mend="--port names another one, --port 0 takes one that is free") as listener:
        choice = survey(plan, settings, request, request.engine or plan.engine).choice
        with locked_desk(settings, observe, PREFIX) as desk:
            clear = partial(_clear, choice.engine, observe)
            clear()
            work = workload_of(plan, settings)
            locks = DeviceLocks(settings.state_dir, f"evaldock serve {wanted.name}", clear)
            server = work.servers[wanted.name]
            free_devices(server, work.capacity, locks)  # where there are none, that is said before anything is built
            images = images_of(plan, settings)
            choice, environments = make_environments(choice, images, settings, observe, gpus=plan.needs_gpus)
            fetch_missing(plan, environments, choice.engine, desk)
            with held() as interrupted, granted(server, work.capacity, locks) as devices:
                place = (desk.run_id, desk.folder, sockets_dir(settings, choice.engine.isolation))
                ground = Ground(*place, choice.engine, environments, observe, interrupted)
                _serve(plan, ground, devices, listener, announce)


def _serve(
    plan: Plan, ground: Ground, devices: tuple[str, ...], listener: socket.socket, announce: Callable[[str], None]
) -> None:
    (server,) = plan.servers
    try:
        with LiveServers(plan.servers, ground) as servers:
            servers.start(server.name, devices)
            with forwarded(listener, server_socket(ground.sockets, ground.run_id, 0)):
                announce(url_of(listener))
                _wait(servers, server.name, ground)
    except ServerError:
        if not ground.interrupted():
            raise


def _clear(engine: Engine, observe: Observer) -> None:
    """Remove what dead hubs left: it may still be at work on a device that is thought to be free."""
    for line in engine.reap():
        observe(Preparing("leftovers", line))


def _wait(servers: LiveServers, name: str, ground: Ground) -> None:
    while not ground.interrupted():
        if reason := servers.lost(name):
            raise ServerError(reason, hint=f"its log: {server_folder(ground.folder, name) / LOG}")
        time.sleep(_POLL_S)
