"""The server as a process in the Native environment, and a stand-in for the gateway in front of it."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from tests.adapters.native.fake_server import serving
from tests.adapters.native.server.fake_model import until

ROOT = Path(__file__).resolve().parents[4]
BUNDLED = ROOT / "configs" / "bundled"
Talk = Callable[[aiohttp.ClientSession], Awaitable[Any]]


@contextmanager
def served(python: str, weights: Path, folder: Path, *argv: str) -> Iterator[Path]:
    """Serve a checkpoint, and yield the socket once the model is loaded."""
    path = folder / "server.sock"
    command = [python, "-m", "adapters.native.server", "--weights", str(weights), "--name", "m", *argv]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "EVALDOCK_LISTEN": str(path)}
    env["OMP_NUM_THREADS"] = "1"  # a tiny model is computed faster by one thread, above all beside other work
    with (folder / "log.txt").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        talk(path, lambda client: until(client, lambda health: health is not None or process.poll() is not None))
        assert process.poll() is None, (folder / "log.txt").read_text(encoding="utf-8")
        yield path
    finally:
        process.terminate()
        assert process.wait(60) == 0, (folder / "log.txt").read_text(encoding="utf-8")


def talk(path: Path, say: Talk) -> Any:
    """Return what `say` returns, given a client of the server."""

    async def main() -> Any:
        async with client_of(path) as client:
            return await say(client)

    return asyncio.run(main())


def client_of(path: Path) -> aiohttp.ClientSession:
    return aiohttp.ClientSession("http://m", connector=aiohttp.UnixConnector(str(path), limit=0))


@contextmanager
def gateway_to(path: Path) -> Iterator[str]:
    """Serve what a job's gateway serves: /<role>/<data set>/v1/..., all of it answered by the server."""

    async def forward(asked: web.Request) -> web.Response:
        body = await asked.read()
        async with client_of(path) as client, client.post(asked.path[asked.path.index("/v1/") :], data=body) as found:
            return web.Response(status=found.status, body=await found.read())

    with serving(forward) as url:
        yield url
