"""A model behind the gateway: one asyncio loop, a window that adapts, every failure attributed to its sample."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from adapters.native.contract import NativeModel
from adapters.native.evaluator.errors import EndedError
from adapters.native.evaluator.models.completions import Completions
from adapters.native.evaluator.models.exchange import Exchange, Raw
from adapters.native.evaluator.models.likelihood_probe import find_out
from adapters.native.evaluator.models.patience import Patience
from adapters.native.evaluator.models.remote_likelihood import remote_likelihoods
from adapters.native.evaluator.models.reply import Reply, read_reply
from adapters.native.evaluator.models.window import Window
from adapters.native.evaluator.request import Deliver, Generation, Likelihood, Request
from adapters.native.evaluator.termination import Termination
from adapters.runtime import job
from adapters.runtime.gateway import WAITS_S

Ask = Callable[[Any], Awaitable[Reply]]
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
        self.facts = {"kind": "endpoint"}

    @property
    def ended(self) -> bool:
        """Return whether the job was told to end."""
        return self._termination.told

    def answer(self, dataset: str, requests: Sequence[Request], deliver: Deliver) -> None:
        """Ask every request; to try again what failed is the gateway's business.

        Raises:
            ModelError: likelihoods are asked for, and the server gives none.
            UnreachableError: nothing but failures of one kind came back.
            EndedError: the job was told to end before all was answered.
        """
        asyncio.run(self._answer(job.gateway_url("candidate", dataset), requests, deliver))

    async def _answer(self, base_url: str, requests: Sequence[Request], deliver: Deliver) -> None:
        async with Exchange(
            base_url, connections=self._concurrency, timeout_s=self._timeout_s, waits_s=self._waits_s
        ) as exchange:
            finding = asyncio.create_task(self._way(exchange, requests))
            await self._unless_told([finding])
            if finding.cancelled():
                raise EndedError("the job was ended before anything was answered")
            await self._all(finding.result(), requests, deliver)

    async def _way(self, exchange: Exchange, requests: Sequence[Request]) -> Ask:
        """Return how one request is asked: those of one data set are all of one kind."""
        asked = [request for request in requests if isinstance(request, Likelihood)]
        if not asked:
            return lambda request: self._generate(exchange, request)
        completions = Completions(exchange, self._name)
        served = await find_out(completions, asked)
        self.facts["likelihoods"] = served.name
        return lambda request: remote_likelihoods(completions, request, served)

    async def _all(self, ask: Ask, requests: Sequence[Request], deliver: Deliver) -> None:
        waiting = iter(list(enumerate(requests)))
        patience, window, left = Patience(len(requests)), Window(self._concurrency), len(requests)

        async def work() -> None:
            nonlocal left
            while True:
                ticket = await window.enter()
                entry = None if self._termination.told else next(waiting, None)
                if entry is None:
                    window.leave(ticket, None)
                    return
                index, request = entry
                reply = await ask(request)
                window.leave(ticket, reply.failure)
                deliver(index, reply.outcome)
                left -= 1
                patience.note(reply)

        workers = [asyncio.create_task(work()) for _ in range(min(self._concurrency, len(requests)))]
        await self._unless_told(workers)
        await _finish(workers)
        if left:
            raise EndedError("the job was ended before all was answered")

    async def _unless_told(self, tasks: Sequence[asyncio.Task[Any]]) -> None:
        """Wait for tasks; where the job is told to end they have DRAIN_S more and are cancelled."""
        loop = asyncio.get_running_loop()

        def end() -> None:
            loop.call_later(DRAIN_S, lambda: [task.cancel() for task in tasks])

        with self._termination.calling(lambda: loop.call_soon_threadsafe(end)):
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)

    async def _generate(self, exchange: Exchange, request: Generation) -> Reply:
        operation = "chat/completions" if self.chat else "completions"
        raw = await exchange.post(operation, request.id, self._body(request))
        return read_reply(*raw[:2], chat=self.chat, latency_s=raw.latency_s) if isinstance(raw, Raw) else raw

    def _body(self, request: Generation) -> dict[str, Any]:
        # The gateway puts the upstream's name of the model in place of ours.
        prompt = {"messages": request.prompt} if self.chat else {"prompt": request.prompt}
        return {"model": self._name, **prompt, **request.parameters, "stream": False}


async def _finish(workers: Sequence[asyncio.Task[None]]) -> None:
    """End those that still work, and raise what made one of them give up."""
    for worker in workers:
        worker.cancel()
    found = await asyncio.gather(*workers, return_exceptions=True)
    for error in found:
        if isinstance(error, Exception):
            raise error
