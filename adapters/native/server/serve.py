"""Run the server: listen at once, load the model in its own thread, answer until told to end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from adapters.native.evaluator.errors import EvaluationError
from adapters.native.server.application import Application, Model
from adapters.native.server.desk import Desk
from adapters.native.server.settings import Settings
from adapters.native.server.work import Engine

LOG = logging.getLogger(__name__)
_BACKLOG = 1024
_SHUTDOWN_S = 2.0


class Loaded(NamedTuple):
    """What loading gives: the side that computes, and what requests see of it."""

    engine: Engine
    model: Model


Load = Callable[[Settings], Loaded]


async def serve(settings: Settings, load: Load) -> int:
    """Serve until SIGTERM or SIGINT and return the exit code: 1 where the model could not be loaded, or failed."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    desk = Desk(most=settings.most)
    application = Application(desk)
    runner = web.AppRunner(
        application.web,
        access_log=None,
        handle_signals=False,
        handler_cancellation=True,
        shutdown_timeout=_SHUTDOWN_S,
    )
    await runner.setup()
    thread = threading.Thread(target=_work, args=(settings, load, _Post(loop, desk, application, ended)), daemon=True)
    try:
        await _listen(runner, settings)
        thread.start()
        await ended.wait()
    finally:
        desk.worker.close()
        await runner.cleanup()
        application.close()
        if thread.is_alive():
            await asyncio.to_thread(thread.join, _SHUTDOWN_S)
    return 1 if desk.lost else 0


async def _listen(runner: web.AppRunner, settings: Settings) -> None:
    if settings.socket:
        path = _free(Path(settings.socket))
        await web.UnixSite(runner, path, backlog=_BACKLOG).start()
        LOG.info("listening on %s", path)
    if settings.port is not None:
        await web.TCPSite(runner, "127.0.0.1", settings.port, backlog=_BACKLOG).start()
        LOG.info("listening on 127.0.0.1:%d", runner.addresses[-1][1])


def _free(path: Path) -> Path:
    """Return the path, where the socket of a server that was killed lies no more."""
    if path.is_socket():
        path.unlink()
    return path


class _Post(NamedTuple):
    """What the model's thread may say to the event loop."""

    loop: asyncio.AbstractEventLoop
    desk: Desk
    application: Application
    ended: asyncio.Event

    def ready(self, model: Model) -> None:
        self.loop.call_soon_threadsafe(self.application.ready, model)

    def lost(self, reason: str) -> None:
        def lose() -> None:
            self.desk.lose(reason)
            self.ended.set()

        with contextlib.suppress(RuntimeError):  # the loop has ended
            self.loop.call_soon_threadsafe(lose)


def _work(settings: Settings, load: Load, post: _Post) -> None:
    """Load the model and compute; whatever goes wrong ends the server, which whoever started it may start again."""
    try:
        loaded = load(settings)
        LOG.info("ready: %s (%s)", settings.name, ", ".join(f"{k} {v}" for k, v in loaded.model.card.facts.items()))
        post.ready(loaded.model)
        post.desk.worker.run(loaded.engine)
    except EvaluationError as error:
        LOG.debug("the model", exc_info=error)
        LOG.error("%s", error.advice)  # noqa: TRY400 - a sentence for users, who meet no traceback
        post.lost(error.reason)
    except Exception as error:
        LOG.exception("the model failed")
        post.lost(f"the model failed: {type(error).__name__}: {error}")
