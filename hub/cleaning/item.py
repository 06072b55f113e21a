"""What could be removed, and the pure choice of what is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["run", "answers", "environment", "cache", "image"]


@dataclass(frozen=True)
class Item:
    """One thing that evaldock made.

    Attributes:
        name: what a person calls it.
        place: folder, or image id.
        group: within it the newest are kept.
        size: bytes that its removal frees; for an image, those that no other image shares.
        used_at: seconds since the epoch; when it was last used, else made.
        used_by: why it must stay, empty where nothing uses it.
    """

    kind: Kind
    name: str
    place: str
    group: str
    size: int
    used_at: float
    used_by: str = ""


class Found(NamedTuple):
    """Items, and what could not be looked at."""

    items: tuple[Item, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def free(self) -> tuple[Item, ...]:
        """Return the items that nothing uses."""
        return tuple(item for item in self.items if not item.used_by)


@dataclass(frozen=True)
class Filter:
    """Which of them: last used longer ago, larger, and not among the newest `keep` of a group."""

    older_than_s: float = 0.0
    larger_than: int = 0
    keep: int = 0


def select(items: Iterable[Item], wanted: Filter, now: float) -> tuple[Item, ...]:
    """Return what the filter takes, used or not, the oldest first."""
    ordered = sorted(items, key=lambda item: (-item.used_at, item.name))
    seen: dict[tuple[str, str], int] = {}
    taken = []
    for item in ordered:
        mark = (item.kind, item.group)
        seen[mark] = seen.get(mark, 0) + 1
        old = now - item.used_at >= wanted.older_than_s
        if old and item.size >= wanted.larger_than and seen[mark] > wanted.keep:
            taken.append(item)
    return tuple(reversed(taken))
