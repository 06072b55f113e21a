"""Send requests to the gateway and bring answers back, over one session; the gateway may be away for a while."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import aiohttp

from adapters.native.evaluator.models.reply import LOST, Reply, error_reply
from adapters.runtime.gateway import sample_headers


class Raw(NamedTuple):
    """An HTTP answer as it came, and how long it took, retries included."""

    status: int
    body: bytes
    latency_s: float


class Exchange:
    """One session with the gateway; an async context manager. `waits_s`: before each new try where that is away."""

    def __init__(self, base_url: str, *, connections: int, timeout_s: float, waits_s: Sequence[float]) -> None:
        """Keep how to ask; nothing is sent yet."""
        self._base_url = base_url
        self._connections = connections
        self._timeout_s = timeout_s
        self._waits_s = waits_s

    async def __aenter__(self) -> Exchange:  # noqa: PYI034 - Self is newer than Python 3.10
        """Open the session."""
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            connector=aiohttp.TCPConnector(limit=self._connections),
            headers={"Content-Type": "application/json"},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self._session.close()

    async def post(self, operation: str, sample: str, fields: Mapping[str, Any]) -> Raw | Reply:
        """Return the answer to one request, whatever its status; a Reply says why there is none."""
        body = json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")
        started = time.monotonic()
        for wait_s in self._waits_s:
            found = await self._try(operation, sample, body, started)
            if _failure(found) != LOST:
                return found
            await asyncio.sleep(wait_s)
        return await self._try(operation, sample, body, started)

    async def _try(self, operation: str, sample: str, body: bytes, started: float) -> Raw | Reply:
        url = f"{self._base_url}/{operation}"
        try:
            async with self._session.post(
                url, data=body, headers=sample_headers(sample), allow_redirects=False
            ) as response:
                return Raw(response.status, await response.read(), time.monotonic() - started)
        except asyncio.TimeoutError:
            return Reply.failed("time-out", f"no answer within {self._timeout_s:g} s")
        except aiohttp.ClientConnectionError as error:
            return Reply.failed(LOST, f"no connection to the gateway: {error}")
        except aiohttp.ClientError as error:
            return Reply.failed(LOST, f"the answer broke off: {type(error).__name__}: {error}")


def _failure(found: Raw | Reply) -> str:
    """Return the kind of a failure, as far as it decides whether to ask again; empty for an answer."""
    if isinstance(found, Reply):
        return found.failure
    return "" if found.status == 200 else error_reply(found.status, found.body, found.latency_s).failure
