"""Whether GPUs and memory of this machine hold the models of a plan, before anything is started."""

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
_MEND_MEMORY = "take a smaller model or `dtype: bfloat16`, or compute where there is more memory"


class _Load(NamedTuple):
    """Weights that are to be loaded.

    Attributes:
        subject: whose they are.
        size: in bytes.
        need: what they are to be loaded on.
        sure: whether no setting can make them smaller.
        limit_bytes: of the host's memory, as the task has it; None where it says nothing.
    """

    subject: str
    size: int
    need: Need
    sure: bool
    limit_bytes: int | None


def room_for(plan: Plan, settings: Settings) -> tuple[Finding, ...]:
    """Return for each job and server whether its weights fit; nothing of weights that are not here."""
    work = workload_of(plan, settings)
    found: list[Finding] = []
    for load in _loads(plan, work, settings):
        if load.need.count or load.need.devices:
            found += _fit(load, work.capacity.devices)
        else:
            found += _fit_in_memory(load, work.capacity.memory_bytes)
    return (*found, *_together(work))


def _loads(plan: Plan, work: Workload, settings: Settings) -> Iterator[_Load]:
    for server in plan.servers:
        size = server_bytes(server, plan, settings.cache_dir)
        need = work.servers[server.name].need
        yield _Load(f"server {server.name!r}", size, need, is_server_sure(server, plan), server.memory_bytes)
    needs = {item.id: item.need for item in work.items}
    for planned in plan.jobs:
        size = job_bytes(planned, settings.cache_dir)
        limit = planned.job.limits.memory_bytes
        yield _Load(f"job {planned.id}", size, needs[planned.id], is_job_sure(planned), limit)


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


def _fit_in_memory(load: _Load, memory_bytes: int) -> Iterator[Finding]:
    """Caution of weights on the processors that memory does not hold: the system ends whoever loads them."""
    limit = load.limit_bytes
    room, whose = (limit, "it may use") if limit and limit < memory_bytes else (memory_bytes, "this machine has")
    if load.size > room:
        verdict = f"the model {'is' if load.sure else 'may be'} too big"
        message = f"{verdict}: its weights take {show_memory(load.size)}, {whose} {show_memory(room)} of memory"
        yield Finding("warning", load.subject, message, _MEND_MEMORY)


def _together(work: Workload) -> Iterator[Finding]:
    """Say of a job whose servers cannot all be up at once."""
    for item in work.items:
        alone = all(not why_never(item_of, {}, work.capacity) for item_of in _parts(item.servers, work))
        if item.servers and alone and (why := why_never(item, work.servers, work.capacity)):
            yield Finding("missing", f"job {item.id}", why, _MEND_TOGETHER)


def _parts(names: tuple[str, ...], work: Workload) -> Iterator[Item]:
    return (Item(name, work.servers[name].need) for name in names)
