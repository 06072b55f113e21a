"""How jobs reach their models: the task's words about endpoints as the gateway's routes and books."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from hub import answers
from hub.endpoint import unix_base_url
from hub.gateway import Books, Interceptor, Prices, Retry, Route, Upstream
from hub.identity import Address, Identity, address_of, identity_of, identity_text
from hub.plan import PlannedJob
from hub.server import SCHEME
from hub.settings import Settings
from hub.spec import GatewaySpec, JudgeSpec, ModelSpec

WhoAnswers = Callable[[Address], Identity]


class Ways(NamedTuple):
    """How a run reaches models: who answers at an address, and the sockets of the servers that it starts itself."""

    who: WhoAnswers
    sockets: Mapping[str, Path] = MappingProxyType({})

    def url(self, address: Address) -> str:
        """Return the base URL that the gateway asks."""
        socket = self.sockets.get(address.url.removeprefix(SCHEME)) if address.url.startswith(SCHEME) else None
        return unix_base_url(socket) if socket else address.url


def knowing(who: WhoAnswers, served: Mapping[str, str]) -> WhoAnswers:
    """Return who answers, where `served` names what stands behind the servers of the run."""

    def known(address: Address) -> Identity:
        name = address.url.removeprefix(SCHEME)
        return identity_of(address, {"id": served[name]}) if address.url.startswith(SCHEME) else who(address)

    return known


def upstreams_of(planned: PlannedJob, gateway: GatewaySpec, ways: Ways) -> dict[str, Upstream]:
    """Return the models of a job by role."""
    return {role: _upstream(role, part, gateway, ways) for role, part in planned.upstreams.items()}


def _upstream(role: str, part: ModelSpec | JudgeSpec, gateway: GatewaySpec, ways: Ways) -> Upstream:
    address, retry, prices = address_of(part), part.retry, part.prices
    mine = (found for found in gateway.interceptors if role in found.roles)
    return Upstream(
        ways.url(address),
        address.model,
        part.api_key_env,
        part.concurrency,
        part.deadline_s,
        part.timeout,
        identity_text(ways.who(address)),
        Retry(retry.attempts, retry.first_wait, retry.longest_wait, retry.outage),
        part.requests_per_minute,
        part.tokens_per_minute,
        Prices(prices.input, prices.output) if prices else None,
        tuple(Interceptor(found.kind, found.value) for found in mine),
    )


def route_of(
    planned: PlannedJob, gateway: GatewaySpec, ways: Ways, *, user: tuple[int, int], session: int, folder: Path
) -> Route:
    """Return a job's route for its start number `session`; `folder` is the job's."""
    bodies = folder / "bodies.jsonl" if gateway.log_bodies else None
    return Route(planned.id, upstreams_of(planned, gateway, ways), *user, session, bodies)


def books_of(gateway: GatewaySpec, settings: Settings, run_id: str) -> Books:
    """Return what the gateway of a run keeps, and where."""
    ledger = answers.run_file(settings.state_dir, run_id)
    kept = {"run": ledger, "shared": answers.shared_file(settings.state_dir), "off": None}[gateway.cache]
    budget = gateway.budget
    return Books(ledger, gateway.cache, kept, settings.answers_bytes, budget.tokens, budget.cost)
