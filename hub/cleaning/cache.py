"""Models and data sets that evaldock downloaded, whole or begun."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hub.cleaning.folder import alone, leads_out, ours, remove_folder, weigh
from hub.cleaning.item import Found, Item
from hub.cleaning.live import Live
from hub.lockfile import is_held
from hub.settings import Settings

_PLACES = tuple((kind, hub) for kind in ("models", "datasets") for hub in ("modelscope", "huggingface", "url"))
_PARTIAL = ".partial"
_FETCHING = "it is being downloaded"


def find(settings: Settings, live: Live) -> Found:
    """Return what the cache holds of the hubs and of plain URLs."""
    root = settings.cache_dir
    tops = [root / kind / hub for kind, hub in _PLACES]
    notes = (leads_out(top, root) for top in tops)
    items = (item for top in tops for item in _items(top, root, live))
    return Found(tuple(items), tuple(filter(None, notes)))


def _items(top: Path, root: Path, live: Live) -> Iterator[Item]:
    for folder in ours(top, root):
        whole, lock = (folder / ".complete").is_file(), _lock(folder)
        # Ours is what is stamped, or begun under a lock of ours.
        if whole or (folder.name.endswith(_PARTIAL) and lock.is_file()):
            name = f"{top.parent.name.removesuffix('s')} {folder.name} at {top.name}"
            used = _user(folder, live)
            yield Item("cache", name, str(folder), top.parent.name, *weigh(folder), used)


def _lock(folder: Path) -> Path:
    return folder.with_name(f".{folder.name.removesuffix(_PARTIAL)}.lock")


def used_by(item: Item, live: Live) -> str:
    """Return what uses the item now; empty where nothing does."""
    return _user(Path(item.place), live)


def _user(folder: Path, live: Live) -> str:
    whole = folder.with_name(folder.name.removesuffix(_PARTIAL))
    run = live.mounts.get(str(whole)) or live.mounts.get(str(whole.resolve()))
    if run:
        return f"run {run} uses it"
    return _FETCHING if is_held(_lock(folder)) else ""


def remove(item: Item, settings: Settings) -> None:
    """Remove one model or data set, holding the lock under which it is downloaded."""
    folder = Path(item.place)
    with alone(_lock(folder), _FETCHING):
        remove_folder(folder, settings.cache_dir)
