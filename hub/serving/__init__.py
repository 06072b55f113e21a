"""Model servers of a run: the hub starts them for checkpoints, keeps them well, and stops them."""

from __future__ import annotations

from typing import Protocol


class Servers(Protocol):
    """What whoever schedules jobs asks of the servers; each by its name in the plan, from any thread."""

    def start(self, name: str, devices: tuple[str, ...]) -> None:
        """Start a server on these GPUs and return once it answers; nothing to do where it is up.

        Raises:
            ServerError: it did not come up in time, or ended; the message has the end of its log.
        """

    def stop(self, name: str) -> None:
        """End a server, and return once its devices are free; nothing to do where it is not up."""

    def lost(self, name: str) -> str:
        """Return why a server that was started is gone for good, after its one restart; empty while it is well."""
