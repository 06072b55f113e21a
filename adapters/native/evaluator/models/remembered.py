"""A checkpoint with a memory and an account: what a former start answered is not computed again, and all is noted."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from adapters.native.evaluator.memory import Memory, key_of
from adapters.native.evaluator.request import Deliver, Likelihood, Outcome, Request
from adapters.runtime import job
from adapters.runtime.ledger import Call, Ledger


class Computing(Protocol):
    """A model that computes answers itself."""

    @property
    def chat(self) -> bool:
        """Return whether prompts for generation are chat messages."""

    @property
    def facts(self) -> Mapping[str, str]:
        """Return what the summary says about it."""

    def answer(
        self, dataset: str, requests: Sequence[Request], deliver: Deliver, *, known: Collection[int] = ()
    ) -> None:
        """Deliver the outcome of every request but those that are `known`; of these some may be delivered too."""


class RememberedModel:
    """Answers from memory where it can, else computes; `name` is the model's in the ledger."""

    in_order = False  # longest first
    ended = False  # told to end the process dies at once, and what it had is kept

    def __init__(self, model: Computing, name: str, memory: Memory, ledger: Ledger) -> None:
        """Keep all four."""
        self._model = model
        self._name = name
        self._memory = memory
        self._ledger = ledger
        self.chat = model.chat
        self.facts = model.facts

    def answer(self, dataset: str, requests: Sequence[Request], deliver: Deliver) -> None:
        """Deliver what is known, then what is computed; each outcome is kept before it is delivered."""
        keys = [key_of(dataset, request) for request in requests]
        known = {index: outcome for index, key in enumerate(keys) if (outcome := self._memory.find(key))}

        def note(index: int, outcome: Outcome) -> None:
            row = _call(dataset, requests[index], outcome, cached=index in known)
            self._ledger.add(row._replace(key=keys[index], model=self._name))
            deliver(index, outcome)

        def computed(index: int, outcome: Outcome) -> None:
            if index not in known:
                self._memory.keep(keys[index], outcome)
                note(index, outcome)

        if known:
            text = f"{dataset}: {len(known)} of {len(requests)} samples were computed by an earlier start of the job"
            job.event("message", text=text)
        for index, outcome in known.items():
            note(index, outcome)
        if len(known) < len(requests):
            self._model.answer(dataset, requests, computed, known=known.keys())


def _call(dataset: str, request: Request, outcome: Outcome, *, cached: bool) -> Call:
    """Return the row of one request; a request that the model cannot take was not computed and has no latency."""
    refused = outcome.latency_s is None
    latency_s = 0.0 if cached else outcome.latency_s or 0.0
    return Call(
        at=time.time() - latency_s,
        role="candidate",
        dataset=dataset,
        operation=_operation(request),
        outcome="invalid_request" if refused else "ok",
        sample=request.id,
        attempts=0 if cached or refused else 1,
        status=400 if refused else 200,
        error=outcome.error if refused else "",
        latency_ms=round(latency_s * 1000, 3),
        tokens_in=outcome.tokens_in,
        tokens_out=outcome.tokens_out,
        cached=cached,
    )


def _operation(request: Request) -> str:
    if isinstance(request, Likelihood):
        return "likelihood"
    return "completions" if isinstance(request.prompt, str) else "chat/completions"
