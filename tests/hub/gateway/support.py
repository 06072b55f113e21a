"""A gateway in this process, and a client of its sockets."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from hub.gateway.config import Listener, Route, Upstream
from hub.gateway.server import Counts, serving

CHAT = "v1/chat/completions"
KEY = "sk-very-secret-0123456789"
KEY_ENV = "TEST_GATEWAY_KEY"


def question(text: str = "What is 6 x 7?", **more: Any) -> dict[str, Any]:
    """Return a chat request."""
    return {"model": "whatever", "messages": [{"role": "user", "content": text}], **more}


@dataclass(frozen=True)
class Got:
    """What a client got."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        return self.json["error"]

    @property
    def events(self) -> list[Any]:
        """The stream's events, [DONE] as a text."""
        datas = [line[6:] for line in self.body.decode().split("\n") if line.startswith("data: ")]
        return [data if data == "[DONE]" else json.loads(data) for data in datas]


class Client:
    """Asks one job's socket."""

    def __init__(self, session: aiohttp.ClientSession, counts: Counts) -> None:
        self.session = session
        self.counts = counts

    async def post(self, path: str, body: Any = None, **options: Any) -> Got:
        data = body if isinstance(body, bytes) else json.dumps(question() if body is None else body).encode()
        return await self.ask("POST", path, data=io.BytesIO(data), **options)

    async def get(self, path: str, **options: Any) -> Got:
        return await self.ask("GET", path, **options)

    async def ask(self, method: str, path: str, **options: Any) -> Got:
        url = aiohttp.client.URL(f"http://gateway/{path}", encoded=True)
        async with self.session.request(method, url, **options) as response:
            return Got(response.status, response.headers, await response.read())

    def statuses(self) -> dict[int, int]:
        return {call.status: call.count for call in self.counts.all()}


@asynccontextmanager
async def gateway(
    folder: Path, upstreams: Mapping[str, Upstream], environ: Mapping[str, str] | None = None
) -> AsyncIterator[Client]:
    """Serve one job, "job", and yield its client."""
    socket = folder / "gateway.sock"
    listener = Listener(Route("job", upstreams), socket)
    async with (
        serving((listener,), environ or {}) as counts,
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket), limit=0)) as session,
    ):
        yield Client(session, counts)
