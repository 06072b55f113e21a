"""clean: find what evaldock made on this machine, choose what may go, remove that and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hub.cleaning import cache, environments, images, leftovers, runs
from hub.cleaning.item import Found, Item, Kind
from hub.cleaning.live import live_runs
from hub.errors import EvaldockError
from hub.settings import Settings

_PARTS = {"run": runs, "answers": leftovers, "environment": environments, "cache": cache, "image": images}
KINDS: dict[str, tuple[Kind, ...]] = {
    "images": ("image",),
    "environments": ("environment",),
    "cache": ("cache",),
    "runs": ("run", "answers"),
    "all": ("run", "answers", "environment", "cache", "image"),
}


def find(kinds: Iterable[Kind], settings: Settings) -> Found:
    """Return all things of these kinds with age, size and, where something uses them, by what; touches nothing."""
    live = live_runs(settings)
    found = [_PARTS[kind].find(settings, live) for kind in kinds]
    items = tuple(item for part in found for item in part.items)
    return Found(items, tuple(note for part in found for note in part.notes))


def remove(items: Iterable[Item], settings: Settings) -> Iterator[tuple[Item, str]]:
    """Remove the items one by one; yield each with why it stays, empty where it is gone.

    Whether something uses an item is looked at again, right before it goes.
    """
    for item in items:
        yield item, item.used_by or _PARTS[item.kind].used_by(item, live_runs(settings)) or _removed(item, settings)


def _removed(item: Item, settings: Settings) -> str:
    try:
        _PARTS[item.kind].remove(item, settings)
    except EvaldockError as error:
        return error.message
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}"
    return ""
