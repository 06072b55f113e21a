"""Room: what of a machine is free at a moment, and which devices something would get of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from hub.scheduler.items import Capacity, Device, Item, Need, ServerItem, holds
from hub.text import count_of, show_memory

Devices = tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """Which devices a job gets, and which the servers that must be started for it get."""

    devices: Devices = ()
    servers: tuple[tuple[str, Devices], ...] = ()

    @property
    def all_devices(self) -> Devices:
        """Return all of them together."""
        return (*self.devices, *(name for _, devices in self.servers for name in devices))


@dataclass(frozen=True)
class Room:
    """What is free.

    Attributes:
        memory_bytes: None where memory is not limited.
        wanted: how many waiting jobs ask for a device by its id: it is given to others last.
    """

    devices: tuple[Device, ...]
    slots: int
    memory_bytes: int | None
    wanted: Mapping[str, int]
    whole_memory: int = 0

    def place(self, item: Item, new_servers: Iterable[ServerItem]) -> Place | None:
        """Return where a job and the servers that it still lacks would go; None where there is no room for all."""
        servers = tuple(new_servers)
        needs = {"": item.need, **{server.model: server.need for server in servers}}
        if self.slots < 1 or not self._has_memory(needs.values()):
            return None
        free, given = self.devices, dict[str, Devices]()
        for name, need in sorted(needs.items(), key=lambda part: (not part[1].devices, -part[1].device_bytes)):
            devices = self._pick(free, need)
            if devices is None:
                return None
            given[name] = devices
            free = tuple(device for device in free if device.id not in devices)
        return Place(given[""], tuple((server.model, given[server.model]) for server in servers))

    def less(self, item: Item, place: Place, new_servers: Iterable[ServerItem] = ()) -> Room:
        """Return what is left beside a job that goes there."""
        room = self.beside(item.need, place.all_devices)
        for server in new_servers:
            room = room.beside(server.need, ())
        return replace(room, slots=self.slots - 1)

    def beside(self, need: Need, devices: Devices) -> Room:
        """Return what is left beside something that takes no slot."""
        memory = None if self.memory_bytes is None else self.memory_bytes - self._share(need)
        return replace(self.but(devices), memory_bytes=memory)

    def plus(self, need: Need, devices: tuple[Device, ...]) -> Room:
        """Return what there would be without something that takes no slot."""
        memory = None if self.memory_bytes is None else self.memory_bytes + self._share(need)
        return replace(self, devices=(*self.devices, *devices), memory_bytes=memory)

    def but(self, devices: Collection[str]) -> Room:
        """Return the room without some devices."""
        if not devices:
            return self
        return replace(self, devices=tuple(device for device in self.devices if device.id not in devices))

    def _has_memory(self, needs: Iterable[Need]) -> bool:
        if self.memory_bytes is None:
            return True
        wanted = min(sum(self._share(need) for need in needs), self.whole_memory)  # more than all: alone
        return wanted <= self.memory_bytes

    def _share(self, need: Need) -> int:
        return min(need.memory_bytes, self.whole_memory)

    def _pick(self, free: tuple[Device, ...], need: Need) -> Devices | None:
        if need.devices:
            here = {device.id for device in free}
            return need.devices if here.issuperset(need.devices) else None
        able = [device for device in free if holds(device, need)]
        if len(able) < need.gpus:
            return None
        able.sort(key=lambda device: (self.wanted.get(device.id, 0), device.memory_bytes))
        chosen = {device.id for device in able[: need.gpus]}
        return tuple(device.id for device in free if device.id in chosen)


def room_of(capacity: Capacity, wanted: Mapping[str, int] | None = None) -> Room:
    """Return the room of a machine on which nothing runs."""
    memory = capacity.memory_bytes or None
    return Room(capacity.devices, capacity.slots, memory, wanted or {}, capacity.memory_bytes)


def why_never(item: Item, servers: Mapping[str, ServerItem], capacity: Capacity) -> str:
    """Return why a job can never run on this machine, however empty it is; nothing where it can."""
    needed = [servers[model] for model in item.servers]
    if room_of(capacity).place(item, needed):
        return ""
    there = {device.id for device in capacity.devices}
    needs = [item.need, *(server.need for server in needed)]
    absent = sorted({name for need in needs for name in need.devices} - there)
    if absent:
        return f"there is no GPU {', '.join(absent)}"
    most = max(need.device_bytes for need in needs)
    size = f", each with {show_memory(most)} or more" if most else ""
    whom, whose = ("it and its servers need", "their") if needed else ("it needs", "its")
    found = f"there {'is' if len(there) == 1 else 'are'} {len(there)}"
    return f"{whom} {count_of(sum(need.count for need in needs), 'GPU')} of {whose} own at once{size}; {found}"
