"""The GPUs of a server by hand: some that no run of this user holds, locked for as long as it has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from hub.devicelocks import DeviceLocks
from hub.errors import PrerequisiteError
from hub.scheduler import Capacity, Item, ServerItem, Start, State, decide, why_never
from hub.text import count_of


def free_devices(server: ServerItem, capacity: Capacity, locks: DeviceLocks) -> tuple[str, ...]:
    """Return GPUs that a server can have now; none where it needs none.

    Raises:
        PrerequisiteError: too few are free, or there are too few.
    """
    item = Item(server.model, server.need)
    withheld = locks.withheld(device.id for device in capacity.devices)
    step = decide(State(capacity, waiting=(item,), withheld=frozenset(withheld)))
    if isinstance(step, Start):
        return step.place.devices
    raise _refusal(item, capacity, withheld)


@contextmanager
def granted(server: ServerItem, capacity: Capacity, locks: DeviceLocks) -> Iterator[tuple[str, ...]]:
    """Hold the GPUs of a server for the length of the block; one that breaks off may have left something on them.

    Raises:
        PrerequisiteError: as `free_devices`.
    """
    devices = free_devices(server, capacity, locks)
    while not locks.take(devices):  # somebody was quicker
        devices = free_devices(server, capacity, locks)
    try:
        yield devices
    except BaseException:
        locks.leave(devices)
        raise
    locks.give_back(devices)


def _refusal(item: Item, capacity: Capacity, withheld: Mapping[str, str]) -> PrerequisiteError:
    if why := why_never(item, {}, capacity):
        return PrerequisiteError(f"server {item.id!r} cannot be started: {why}", hint="give it fewer GPUs: --gpus")
    held = ", ".join(f"GPU {device} is held by {who or 'another process'}" for device, who in withheld.items())
    message = f"server {item.id!r} needs {count_of(item.need.count, 'GPU')}, and too few are free: {held}"
    hint = "wait for that, or end it (`evaldock stop RUN`, Ctrl-C); `--gpus 0` serves on the processors"
    return PrerequisiteError(message, hint=hint)
