"""A gateway in this process, and a client of its sockets."""

from __future__ import annotations

import asyncio
import io
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from hub.gateway.config import Books, Listener, Route, Upstream
from hub.gateway.protocol import Event
from hub.gateway.server import Server, serving
from hub.ledger import LedgerRow, read_rows

PATIENCE_S = 60.0  # for what takes milliseconds, on a machine that does much else; only what hangs meets it
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

    def __init__(self, session: aiohttp.ClientSession, books: Books, server: Server, failures: list[str]) -> None:
        self.session = session
        self.books = books
        self.server = server
        self.failures = failures  # why nothing may be answered any more

    async def post(self, path: str, body: Any = None, **options: Any) -> Got:
        data = body if isinstance(body, bytes) else json.dumps(question() if body is None else body).encode()
        return await self.ask("POST", path, data=io.BytesIO(data), **options)

    async def get(self, path: str, **options: Any) -> Got:
        return await self.ask("GET", path, **options)

    async def ask(self, method: str, path: str, **options: Any) -> Got:
        url = aiohttp.client.URL(f"http://gateway/{path}", encoded=True)
        async with self.session.request(method, url, **options) as response:
            return Got(response.status, response.headers, await response.read())

    def rows(self) -> list[LedgerRow]:
        """Return the ledger so far: what is not yet committed is not in it."""
        return list(read_rows(self.books.ledger))

    async def ended(self, count: int) -> list[LedgerRow]:
        """Wait until the ledger has so many rows, and return them."""
        return await until(lambda: (rows := self.rows()) and len(rows) >= count and rows)

    async def statuses(self, count: int = 1) -> dict[int, int]:
        """Return how many calls ended with which status, once `count` have ended."""
        return dict(Counter(row.status for row in await self.ended(count)))


async def until(condition: Callable[[], Any]) -> Any:
    """Return what `condition` returns as soon as it is true."""
    for _ in range(int(PATIENCE_S / 0.01)):
        if found := condition():
            return found
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come true in time")


@asynccontextmanager
async def gateway(
    folder: Path,
    upstreams: Mapping[str, Upstream],
    environ: Mapping[str, str] | None = None,
    *,
    books: Books | None = None,
    session: int = 1,
    bodies: Path | None = None,
    news: Callable[[Event], None] = lambda _event: None,
) -> AsyncIterator[Client]:
    """Serve one job, "job", and yield its client; where no `books` are named nothing is kept."""
    socket = folder / "gateway.sock"
    listener = Listener(Route("job", upstreams, session=session, bodies=bodies), socket)
    books = books or Books(folder / "ledger.sqlite", "off")
    failures: list[str] = []
    async with (
        serving((listener,), environ or {}, books, news, failures.append) as server,
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket), limit=0)) as http,
    ):
        yield Client(http, books, server, failures)
