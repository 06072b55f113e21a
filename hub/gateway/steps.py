"""The way of a call between its arrival and the upstream: small steps around one another, in one line."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TypeVar

from hub.gateway.asstream import as_stream
from hub.gateway.breaker import Breaker
from hub.gateway.budget import Budget, with_budget
from hub.gateway.call import Answer, Call, Failure, Step
from hub.gateway.config import Route, Upstream, Verdict
from hub.gateway.deadline import Deadline
from hub.gateway.gate import Gate
from hub.gateway.interceptors import with_interceptors
from hub.gateway.keys import key_at, with_key_watch
from hub.gateway.limits import Limits, Place, Sent, limits_of, place_of
from hub.gateway.onetry import counted, through_gate, within_timeout
from hub.gateway.remembered import Memory, with_memory
from hub.gateway.retry import with_patience, with_retry

_MODELS_TIMEOUT_S = 5.0
Tell = Callable[[Verdict], None]
Name = TypeVar("Name")


def assemble(
    send: Step,
    routes: Iterable[Route],
    *,
    verdict: Tell,
    budget: Budget | None = None,
    sent: Mapping[Place, Iterable[Sent]] = MappingProxyType({}),
    with_answers: Callable[[Step], Step] = lambda following: following,
) -> Step:
    """Return the way of a call, the outermost step first: every new step has its place in these lines.

    Args:
        send: one request, its answer.
        routes: of all jobs, which share places, rates, budget, and what is known of each server.
        verdict: is told once of each job why it cannot be what was planned, for each kind of reason.
        budget: default: none.
        sent: what earlier starts of the run sent to each server lately, which its rates count.
        with_answers: the cache, which also gives a call its key and number.
    """
    known, tell, purse = tuple(routes), _once(verdict), budget or Budget()
    gates = _gates(known, sent, tell)

    def given_up_at(call: Call) -> float:
        return gates[place_of(call.upstream)].given_up_at()

    once = through_gate(within_timeout(as_stream(counted(send, purse.settle))), gates)
    watched = with_key_watch(once, _jobs_by(known, key_at), tell)
    asked = with_retry(with_patience(watched, given_up_at), given_up_at)
    paid = with_memory(with_budget(asked, purse, tell), Memory(), tell)
    return with_model_list(with_interceptors(with_answers(paid)), once)


def with_model_list(following: Step, once: Step) -> Step:
    """Answer `models` ourselves where the upstream does not at once: many clients ask before they begin."""

    async def step(call: Call) -> Answer:
        if call.operation != "models":
            return await following(call)
        try:
            with Deadline(asyncio.get_running_loop().time() + min(_MODELS_TIMEOUT_S, call.time_left_s() / 2)):
                answer = await once(call)
        except asyncio.TimeoutError:
            return _model_list(call.upstream.model)
        return _model_list(call.upstream.model) if answer.failure else answer

    return step


def _model_list(model: str) -> Answer:
    entry = {"id": model, "object": "model", "created": 0, "owned_by": "evaldock"}
    body = json.dumps({"object": "list", "data": [entry]}).encode()
    return Answer(200, (("Content-Type", "application/json"),), body)


def _once(verdict: Tell) -> Tell:
    told: set[tuple[str, str]] = set()

    def tell(found: Verdict) -> None:
        if (found.job_id, found.kind) not in told:
            told.add((found.job_id, found.kind))
            verdict(found)

    return tell


def _gates(routes: tuple[Route, ...], sent: Mapping[Place, Iterable[Sent]], tell: Tell) -> dict[Place, Gate]:
    upstreams = [upstream for route in routes for upstream in route.upstreams.values()]
    jobs = _jobs_by(routes, place_of)

    def give_up(place: Place, failure: Failure) -> None:
        for job in jobs[place]:
            tell(Verdict(job, "outage", failure.message))

    def gate(place: Place, limits: Limits) -> Gate:
        policies = [upstream.retry for upstream in upstreams if place_of(upstream) == place]
        return Gate(limits, Breaker(policies), partial(give_up, place), sent.get(place, ()))

    return {place: gate(place, limits) for place, limits in limits_of(upstreams).items()}


def _jobs_by(routes: tuple[Route, ...], name: Callable[[Upstream], Name]) -> dict[Name, list[str]]:
    """Return the jobs that use each upstream, under the name that `name` gives it."""
    jobs = defaultdict(list)
    for route in routes:
        for upstream in route.upstreams.values():
            jobs[name(upstream)].append(route.job_id)
    return jobs
