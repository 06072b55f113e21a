"""Work on large bodies beside the event loop, one at a time: what it needs in between is several times the body."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

SMALL = 256 << 10  # bytes; what works on so few is done at once
T = TypeVar("T")


async def aside(work: Callable[[], T]) -> T:
    """Return what `work` on a body that is not small returns."""
    return await asyncio.get_running_loop().run_in_executor(_thread(), work)


@lru_cache(1)
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "bodies")
