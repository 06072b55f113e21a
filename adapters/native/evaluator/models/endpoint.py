"""Ask a model behind the gateway: one asyncio loop, a bounded window, every failure attributed to its sample."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from adapters.native.contract import NativeModel
from adapters.native.evaluator.errors import EndedError, ModelError
from adapters.native.evaluator.models.patience import Patience
from adapters.native.evaluator.models.reply import LOST, Reply, read_reply
from adapters.native.evaluator.request import Deliver, Generation, Request
from adapters.native.evaluator.termination import Termination
from adapters.runtime import job
from adapters.runtime.gateway import WAITS_S, sample_headers

# What is under way when the job is told to end may still be answered: it is not any answers that take long.
DRAIN_S = 2.0


class EndpointModel:
    """A model behind an OpenAI-compatible server; `chat: false` in the task means its text completions."""

    in_order = True

    def __init__(
        self,
        model: NativeModel,
        termination: Termination,
        *,
        concurrency: int,
        timeout_s: float,
        waits_s: Sequence[float] = WAITS_S,
    ) -> None:
        """Keep how to ask; nothing is sent yet. `waits_s`: before each new try where the gateway is not there."""
        self._name = model.name
        self._concurrency = concurrency
        self._timeout_s = timeout_s
        self._waits_s = waits_s
        self._termination = termination
        self.chat = model.chat is not False
        self.facts: Mapping[str, str] = {"kind": "endpoint"}

    @property
    def ended(self) -> bool:
        """Return whether the job was told to end."""
        return self._termination.told

    def answer(self, dataset: str, requests: Sequence[Request], deliver: Deliver) -> None:
        """Ask every request; to try again what failed is the gateway's business.

        Raises:
            UnreachableError: nothing but failures of one kind came back.
            EndedError: the job was told to end before all was answered.
        """
        generations = [_generation(request) for request in requests]
        url = job.gateway_url("candidate", dataset) + ("/chat/completions" if self.chat else "/completions")
        asyncio.run(self._answer(url, generations, deliver))

    async def _answer(self, url: str, requests: Sequence[Generation], deliver: Deliver) -> None:
        waiting = iter(list(enumerate(requests)))
        patience, left = Patience(len(requests)), len(requests)
        timeout = aiohttp.ClientTimeout(total=self._timeout_s)
        connector = aiohttp.TCPConnector(limit=self._concurrency)

        async def work() -> None:
            nonlocal left
            while not self._termination.told and (entry := next(waiting, None)):
                index, request = entry
                reply = await self._ask(session, url, request)
                deliver(index, reply.outcome)
                left -= 1
                patience.note(reply)

        def end() -> None:
            loop.call_later(DRAIN_S, lambda: [worker.cancel() for worker in workers])

        loop = asyncio.get_running_loop()
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            workers = [asyncio.create_task(work()) for _ in range(min(self._concurrency, len(requests)))]
            with self._termination.calling(lambda: loop.call_soon_threadsafe(end)):
                await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
            await _finish(workers)
        if left:
            raise EndedError("the job was ended before all was answered")

    async def _ask(self, session: aiohttp.ClientSession, url: str, request: Generation) -> Reply:
        """Ask until the gateway itself has answered: it may be restarted on the way."""
        started = time.monotonic()
        for wait_s in self._waits_s:
            reply = await self._try(session, url, request, started)
            if reply.failure != LOST:
                return reply
            await asyncio.sleep(wait_s)
        return await self._try(session, url, request, started)

    async def _try(self, session: aiohttp.ClientSession, url: str, request: Generation, started: float) -> Reply:
        body = json.dumps(self._body(request), ensure_ascii=False).encode("utf-8", "replace")
        headers = {**sample_headers(request.id), "Content-Type": "application/json"}
        try:
            async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                raw = await response.read()
                return read_reply(response.status, raw, chat=self.chat, latency_s=time.monotonic() - started)
        except asyncio.TimeoutError:
            return Reply.failed("time-out", f"no answer within {self._timeout_s:g} s")
        except aiohttp.ClientConnectionError as error:
            return Reply.failed(LOST, f"no connection to the gateway: {error}")
        except aiohttp.ClientError as error:
            return Reply.failed(LOST, f"the answer broke off: {type(error).__name__}: {error}")

    def _body(self, request: Generation) -> dict[str, Any]:
        # The gateway puts the upstream's name of the model in place of ours.
        prompt = {"messages": request.prompt} if self.chat else {"prompt": request.prompt}
        return {"model": self._name, **prompt, **request.parameters, "stream": False}


def _generation(request: Request) -> Generation:
    if isinstance(request, Generation):
        return request
    raise ModelError("an endpoint gives no log-likelihoods", hint="Use scoring: generate.")


async def _finish(workers: Sequence[asyncio.Task[None]]) -> None:
    """End those that still work, and raise what made one of them give up."""
    for worker in workers:
        worker.cancel()
    found = await asyncio.gather(*workers, return_exceptions=True)
    for error in found:
        if isinstance(error, Exception):
            raise error
