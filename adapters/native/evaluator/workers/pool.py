"""Several workers as one model: each has a copy of its own, and requests are split between them."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from adapters.native.evaluator.errors import EvaluationError, ModelError
from adapters.native.evaluator.request import Deliver, Request
from adapters.native.evaluator.workers.devices import Group
from adapters.native.evaluator.workers.messages import order_line, read_outcome
from adapters.native.evaluator.workers.shares import shares
from adapters.native.evaluator.workers.worker import Heard, Worker, environments

WORKERS = "workers"  # the fact that changes no answer


class Pool:
    """Answers requests by all workers at once; a context manager, which ends them.

    A worker that dies takes the pool with it: what was delivered stands, nothing more is answered.
    """

    def __init__(self, groups: Sequence[Group]) -> None:
        """Keep the GPUs of each worker."""
        self._groups = groups
        self._heard: SimpleQueue[Heard] = SimpleQueue()
        self._workers: list[Worker] = []
        self._scratch = tempfile.TemporaryDirectory(prefix="workers-")
        self._orders = 0
        self._dead: ModelError | None = None
        self.chat = False
        self.facts: Mapping[str, str] = {}

    def __enter__(self) -> Pool:  # noqa: PYI034 - Self is newer than Python 3.10
        """Start the workers, and wait until each has loaded the model.

        Raises:
            ModelError: one cannot, or has died.
        """
        processors = len(os.sched_getaffinity(0))
        told = environments(self._groups, os.environ, processors=processors, scratch=Path(self._scratch.name))
        try:
            for number, (group, environment) in enumerate(zip(self._groups, told, strict=True), start=1):
                self._workers.append(Worker(_name(number, len(told), group), environment, self._heard))
            ready = [self._ready() for _ in self._workers]
        except BaseException:
            self.__exit__()
            raise
        self.chat = bool(ready[0]["chat"])
        self.facts = self._facts([dict(entry["facts"]) for entry in ready])
        return self

    def __exit__(self, *_: object) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.end()
        self._scratch.cleanup()

    def answer(
        self, dataset: str, requests: Sequence[Request], deliver: Deliver, *, known: Collection[int] = ()
    ) -> None:
        """Answer every request but those that are `known`.

        Raises:
            ModelError: a worker has died.
            EvaluationError: a worker cannot go on with its share; the others have gone on with theirs.
        """
        if self._dead:
            raise ModelError(self._dead.reason, hint=self._dead.hint)
        self._orders += 1
        split = {
            worker: share
            for worker, share in zip(self._workers, shares(requests, len(self._workers)), strict=True)
            if share
        }
        for worker, share in split.items():
            met = [place for place, index in enumerate(share) if index in known]
            worker.order(order_line(self._orders, dataset, [requests[index] for index in share], met))
        failures = self._collect(split, deliver)
        if failures:
            raise failures[0]

    def _collect(self, split: Mapping[Worker, Sequence[int]], deliver: Deliver) -> list[EvaluationError]:
        """Deliver what comes until each worker is done with its share; return why any could not go on."""
        left, failures = set(split), []
        while left:
            worker, told = self._next()
            if told["order"] != self._orders:  # of a data set that was given up
                continue
            if "outcome" in told:
                deliver(split[worker][told["index"]], read_outcome(told))
                continue
            left.discard(worker)
            if "failed" in told:
                failures.append(EvaluationError(told["failed"], hint=told["hint"]))
        return failures

    def _ready(self) -> dict[str, Any]:
        _, told = self._next()
        if "failed" in told:
            raise ModelError(told["failed"], hint=told["hint"])
        return dict(told["ready"])

    def _next(self) -> tuple[Worker, dict[str, Any]]:
        """Return the next line, and whose it is.

        Raises:
            ModelError: a worker has died.
        """
        worker, line = self._heard.get()
        if line is not None:
            return worker, json.loads(line)
        self._dead = worker.death()
        self.__exit__()
        raise self._dead

    def _facts(self, facts: Sequence[Mapping[str, str]]) -> dict[str, str]:
        devices = " + ".join(dict.fromkeys(entry["device"] for entry in facts if "device" in entry))
        each = f", {len(self._groups[0])} GPUs each" if len(self._groups[0]) > 1 else ""
        return {**facts[0], **({"device": devices} if devices else {}), WORKERS: f"{len(self._groups)}{each}"}


def _name(number: int, total: int, group: Group) -> str:
    """Return how messages call a worker."""
    where = f" (GPU {', '.join(group)})" if group else ""
    return f"worker {number} of {total}{where}"
