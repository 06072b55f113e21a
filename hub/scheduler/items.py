"""What is scheduled, and on what: jobs and model servers with their needs, a machine with its capacity."""

from __future__ import annotations

from dataclasses import dataclass, field

PROCESSORS = "processors"  # the lane of jobs that compute on all of them


@dataclass(frozen=True)
class Device:
    """A GPU, given out whole; `memory_bytes` 0 where nobody knows."""

    id: str
    memory_bytes: int = 0


@dataclass(frozen=True)
class Capacity:
    """What a machine has for a run: GPUs, how many jobs at once, memory (0: not limited)."""

    devices: tuple[Device, ...] = ()
    slots: int = 1
    memory_bytes: int = 0


@dataclass(frozen=True)
class Need:
    """What a job or a server holds while it runs.

    Attributes:
        gpus: how many devices, any of them; ignored where `devices` names them.
        devices: explicit ids.
        device_bytes: memory that each of its devices must have.
        memory_bytes: of the machine; more than the machine has means all of it.
    """

    gpus: int = 0
    devices: tuple[str, ...] = ()
    device_bytes: int = 0
    memory_bytes: int = 0

    @property
    def count(self) -> int:
        """Return how many devices it takes."""
        return len(self.devices) or self.gpus


@dataclass(frozen=True)
class Item:
    """One job.

    Attributes:
        seconds: how long it takes, about; only their proportions matter.
        servers: models that must be served while it runs.
        lane: jobs of one lane run one after the other; empty for none.
    """

    id: str
    need: Need = field(default_factory=Need)
    seconds: float = 1.0
    servers: tuple[str, ...] = ()
    lane: str = ""


@dataclass(frozen=True)
class ServerItem:
    """One model server; it takes no slot, and `start_s` until it answers."""

    model: str
    need: Need = field(default_factory=Need)
    start_s: float = 0.0


@dataclass(frozen=True)
class Running:
    """A job at work: on which devices, and how long still, about."""

    item: Item
    devices: tuple[str, ...] = ()
    left_s: float = 0.0


def holds(device: Device, need: Need) -> bool:
    """Return whether a device has the memory for it, as far as that is known."""
    return not device.memory_bytes or device.memory_bytes >= need.device_bytes
