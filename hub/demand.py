"""What the jobs and servers of a plan need, and what this machine has for them: the scheduler's words for a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hub import hardware
from hub.adapter import Asset
from hub.checkpoint import bytes_in_memory
from hub.identity import address_of
from hub.plan import GpuRequest, Plan, PlannedJob, host_path
from hub.scheduler import PROCESSORS, Capacity, Device, Item, Need, Schedule, ServerItem, best_order, simulate
from hub.server import PlannedServer, is_served
from hub.settings import Settings

MARGIN = 1.2  # of the weights: what computing takes beside them, at least
_SHRINKING = ("quantization", "device_map")  # options by which weights take less, or lie elsewhere
_MOST_JOBS = 4  # at once, where nobody says how many
_CALL_S = 2.0
_LOADING_BYTES_S = 500e6
_BEGIN_S = 30.0
_UNKNOWN_S = 600.0
_ROOM_BYTES = 1 << 30  # of a job that only asks
_LIBRARY_BYTES = 2 << 30  # of one that loads weights, beside them


@dataclass(frozen=True)
class Workload:
    """The jobs of a run in the order in which they are started, their servers, and the machine.

    Attributes:
        timed: jobs of which is known, about, how long they take; the others are taken for average.
    """

    items: tuple[Item, ...]
    servers: Mapping[str, ServerItem]
    capacity: Capacity
    timed: tuple[str, ...] = ()

    def schedule(self) -> Schedule:
        """Return what is expected to run when."""
        return simulate(self.items, self.servers, self.capacity)


def workload_of(plan: Plan, settings: Settings) -> Workload:
    """Return the workload of a plan on this machine; weights that are not here yet weigh nothing."""
    capacity = _capacity(plan, settings)
    known = {planned.id: seconds for planned in plan.jobs if (seconds := _expected_s(planned))}
    usual = sum(known.values()) / len(known) if known else _UNKNOWN_S
    lanes = plan.at_once == "auto"
    servers = {server.name: _server(server, plan, capacity.devices, settings.cache_dir) for server in plan.servers}
    items = tuple(
        Item(
            planned.id,
            _need(planned, servers, capacity.devices, settings.cache_dir),
            known.get(planned.id, usual),
            planned.servers,
            _lane(planned, servers, capacity.devices) if lanes else "",
        )
        for planned in plan.jobs
    )
    return Workload(best_order(items, servers, capacity), servers, capacity, tuple(known))


def devices_of(settings: Settings) -> tuple[Device, ...]:
    """Return this machine's GPUs, found or stated."""
    return tuple(Device(gpu.id, gpu.memory_bytes) for gpu in hardware.gpus(settings.gpus))


def job_bytes(planned: PlannedJob, cache_dir: Path) -> int:
    """Return what the weights of a job take in memory; 0 where it loads none, or they are not here."""
    return _bytes(planned.assets, planned.evaluation.model.dtype, cache_dir)


def server_bytes(server: PlannedServer, plan: Plan, cache_dir: Path) -> int:
    """Return what the weights of a server take in memory; 0 where they are not here."""
    return _bytes(server.assets, dtype_of(server, plan), cache_dir)


def is_job_sure(planned: PlannedJob) -> bool:
    """Return whether no option makes the weights of a job take less than they do now, or lie elsewhere."""
    return not any(planned.evaluation.options.get(name) for name in _SHRINKING)


def is_server_sure(server: PlannedServer, plan: Plan) -> bool:
    """Return whether no argument, and no loader of others, makes the weights of a server take less than now."""
    as_stored = server.serve.engine == "transformers" or dtype_of(server, plan) != "auto"
    return as_stored and not server.serve.args


def dtype_of(server: PlannedServer, plan: Plan) -> str:
    """Return what the weights of a server are loaded as."""
    asked = (part for planned in plan.jobs for part in planned.upstreams.values() if is_served(part))
    return next((part.dtype for part in asked if part.model == server.name), "auto")


def _bytes(assets: Iterable[Asset], dtype: str, cache_dir: Path) -> int:
    return sum(bytes_in_memory(host_path(asset, cache_dir), dtype) for asset in assets if asset.kind == "model")


def _capacity(plan: Plan, settings: Settings) -> Capacity:
    usual = settings.jobs or min(_MOST_JOBS, hardware.cpus())
    slots = usual if plan.at_once == "auto" else min(plan.at_once, settings.jobs or plan.at_once)
    return Capacity(devices_of(settings), slots, hardware.memory_bytes())


def _need(
    planned: PlannedJob, servers: Mapping[str, ServerItem], devices: tuple[Device, ...], cache_dir: Path
) -> Need:
    stated = planned.job.limits.memory_bytes
    if planned.evaluation.model.via != "in_job":
        return Need(memory_bytes=stated or _ROOM_BYTES)
    size = job_bytes(planned, cache_dir)
    memory = stated or _LIBRARY_BYTES + size
    sure = is_job_sure(planned)
    if isinstance(planned.gpus, tuple):
        named = tuple(device for device in devices if device.id in planned.gpus)
        share = _share(size, len(planned.gpus), named, sure=sure)
        return Need(devices=planned.gpus, device_bytes=share, memory_bytes=memory)
    beside = sum(servers[name].need.count for name in planned.servers)
    count = _count(planned.gpus, size, devices, beside)
    return Need(count, device_bytes=_share(size, count, devices, sure=sure), memory_bytes=memory)


def _share(size: int, count: int, devices: tuple[Device, ...], *, sure: bool) -> int:
    """Return the memory that each of so many devices must have; no more than there is, where less may be enough."""
    share = size // count if count else 0
    largest = sorted((device.memory_bytes for device in devices), reverse=True)[:count]
    return share if sure or not largest else min(share, largest[-1])


def _count(asked: GpuRequest, size: int, devices: tuple[Device, ...], beside: int) -> int:
    """Return how many GPUs a job gets: of `auto` as few as hold its weights, all where that cannot be told.

    All are those that the servers which it asks meanwhile leave of them: `beside` are theirs.
    """
    if isinstance(asked, int):
        return asked
    most = max(min(1, len(devices)), len(devices) - beside)
    sizes = sorted((device.memory_bytes for device in devices), reverse=True)[:most]
    if not size or not all(sizes):
        return most
    enough = (count for count in range(1, len(sizes) + 1) if sizes[count - 1] * count >= size * MARGIN)
    return next(enough, most)


def _server(server: PlannedServer, plan: Plan, devices: tuple[Device, ...], cache_dir: Path) -> ServerItem:
    size = server_bytes(server, plan, cache_dir)
    memory = server.memory_bytes or _LIBRARY_BYTES + size
    share = _share(size, server.gpus, devices, sure=is_server_sure(server, plan))
    need = Need(server.gpus, device_bytes=share, memory_bytes=memory)
    return ServerItem(server.name, need, _BEGIN_S + size / _LOADING_BYTES_S)


def _lane(planned: PlannedJob, servers: Mapping[str, ServerItem], devices: tuple[Device, ...]) -> str:
    """Return what a job shares with others so that they had better take turns: its model's server, the processors."""
    if planned.evaluation.model.via == "in_job":
        return "" if planned.gpus and (devices or planned.gpus != "auto") else PROCESSORS
    if any(not servers[name].need.count for name in planned.servers):
        return PROCESSORS
    return " ".join(address_of(planned.upstreams["candidate"]))


def _expected_s(planned: PlannedJob) -> float | None:
    """Return how long a job takes, about, where its adapter says how many calls it makes."""
    calls = [estimate.calls for estimate in planned.estimates]
    if planned.evaluation.model.via == "in_job" or not calls:
        return None
    known = [count for count in calls if count is not None]
    if len(known) < len(calls):
        return None
    return _BEGIN_S + sum(known) * _CALL_S / planned.evaluation.concurrency
