"""A mock server in this process, OpenAI's client for it, and a plain one for what that client would never send."""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from openai import AsyncOpenAI

from hub.mock.journal import Journal
from hub.mock.serve import bind, url_of
from hub.mock.server import MockOptions, serving


@dataclass(frozen=True)
class Mock:
    """A server that serves, and its two clients."""

    url: str
    journal: Journal
    openai: AsyncOpenAI
    plain: aiohttp.ClientSession

    async def chat(self, text: str = "hello", **more: Any) -> Any:
        """Ask by OpenAI's client."""
        asked: dict[str, Any] = {"model": "m", "messages": [user(text)], **more}
        return await self.openai.chat.completions.create(**asked)

    async def post(self, path: str, data: bytes, **more: Any) -> tuple[int, bytes]:
        """Ask by the plain client."""
        async with self.plain.post(f"{self.url}/{path}", data=io.BytesIO(data), **more) as response:
            return response.status, await response.read()


def user(content: Any) -> dict[str, Any]:
    """Return a user's turn."""
    return {"role": "user", "content": content}


@asynccontextmanager
async def mock(
    options: MockOptions | None = None, journal: Journal | None = None, **client: Any
) -> AsyncIterator[Mock]:
    """Serve for the length of the block."""
    kept = journal or Journal()
    settings = {"api_key": "none", "max_retries": 0, "timeout": 10, **client}
    with bind("127.0.0.1", 0) as listener:
        url = url_of(listener)
        async with (
            serving(options or MockOptions(), kept, listener),
            AsyncOpenAI(base_url=url, **settings) as openai,
            aiohttp.ClientSession() as plain,
        ):
            yield Mock(url, kept, openai, plain)


def png(width: int, height: int) -> str:
    """Return the data URL of a PNG of that size: its head alone."""
    raw = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", width, height) + b"\x08\x02\x00\x00\x00"
    return "data:image/png;base64," + base64.b64encode(raw).decode()
