"""Whether the GPUs of this machine hold the models that a plan puts on them, before anything is started."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hub.demand import MARGIN, Workload, is_job_sure, is_server_sure, job_bytes, server_bytes, workload_of
from hub.finding import ON_PROCESSORS, Finding
from hub.plan import Plan
from hub.scheduler import Device, Item, Need, why_never
from hub.settings import Settings
from hub.text import show_memory

_MEND = f"give more GPUs, take a smaller model, or {ON_PROCESSORS}"
_MEND_TOGETHER = "give its servers fewer GPUs (`serve: {gpus: 0}` computes on the processors), or serve one elsewhere"


class _Load(NamedTuple):
    """Weights that are to be loaded: whose, their bytes, on what, and whether no setting can make them smaller."""

    subject: str
    size: int
    need: Need
    sure: bool


def gpu_room(plan: Plan, settings: Settings) -> tuple[Finding, ...]:
    """Return for each job and server whether its weights fit; nothing of weights that are not here."""
    if not plan.needs_gpus:
        return ()
    work = workload_of(plan, settings)
    found = [finding for load in _loads(plan, work, settings) for finding in _fit(load, work.capacity.devices)]
    return (*found, *_together(work))


def _loads(plan: Plan, work: Workload, settings: Settings) -> Iterator[_Load]:
    for server in plan.servers:
        size = server_bytes(server, plan, settings.cache_dir)
        need = work.servers[server.name].need
        yield _Load(f"server {server.name!r}", size, need, is_server_sure(server, plan))
    needs = {item.id: item.need for item in work.items}
    for planned in plan.jobs:
        size = job_bytes(planned, settings.cache_dir)
        yield _Load(f"job {planned.id}", size, needs[planned.id], is_job_sure(planned))


def _fit(load: _Load, devices: tuple[Device, ...]) -> Iterator[Finding]:
    named, count = load.need.devices, load.need.count
    sizes = [device.memory_bytes for device in devices if not named or device.id in named]
    if not load.size or not count or not all(sizes) or len(sizes) < count:
        return  # nothing on GPUs, not everything known of them, or too few: other findings say that
    sizes = sorted(sizes, reverse=True)[:count]
    room = f"{count} x {show_memory(sizes[-1])} of GPU memory"
    message = f"its weights take {show_memory(load.size)}, there is {room}"
    if load.size > sizes[-1] * count:
        yield Finding("missing" if load.sure else "warning", load.subject, f"the model is too big: {message}", _MEND)
    elif load.size * MARGIN > sizes[-1] * count:
        what = f"the model may be too big: {message}, and computing takes more"
        yield Finding("warning", load.subject, what, _MEND)
    else:
        yield Finding("ok", load.subject, message)


def _together(work: Workload) -> Iterator[Finding]:
    """Say of a job whose servers cannot all be up at once."""
    for item in work.items:
        alone = all(not why_never(item_of, {}, work.capacity) for item_of in _parts(item.servers, work))
        if item.servers and alone and (why := why_never(item, work.servers, work.capacity)):
            yield Finding("missing", f"job {item.id}", why, _MEND_TOGETHER)


def _parts(names: tuple[str, ...], work: Workload) -> Iterator[Item]:
    return (Item(name, work.servers[name].need) for name in names)
