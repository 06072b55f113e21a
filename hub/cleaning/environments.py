"""Virtual environments in the cache, and the copies of adapters' container halves that go with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from hub.cleaning.folder import alone, leads_out, ours, remove_folder, weigh
from hub.cleaning.item import Found, Item
from hub.cleaning.live import Live, processes_in
from hub.lockfile import is_held
from hub.settings import Settings

_ENVIRONMENT = re.compile(r"(.+)-[0-9a-f]{12}")
_PAYLOAD = re.compile(r"[0-9a-f]{32}")
_BUILDING = "it is being built"


def find(settings: Settings, live: Live) -> Found:
    """Return the environments and payloads of the cache."""
    root = settings.cache_dir
    notes = (leads_out(root / name, root) for name in ("envs", "payloads"))
    items = (*_environments(root, live), *_payloads(root, live))
    return Found(items, tuple(filter(None, notes)))


def _environments(root: Path, live: Live) -> Iterator[Item]:
    for folder in ours(root / "envs", root):
        match = _ENVIRONMENT.fullmatch(folder.name)
        # The lock is made before the folder, and only by us.
        if match and _lock(folder).is_file():
            state = "" if (folder / "complete.json").is_file() else " (unfinished)"
            used = _user(folder, live)
            yield Item("environment", f"{folder.name}{state}", str(folder), match[1], *weigh(folder), used)


def _payloads(root: Path, live: Live) -> Iterator[Item]:
    for folder in ours(root / "payloads", root):
        if _PAYLOAD.fullmatch(folder.name) and (folder / "adapters").is_dir():
            used = _user_of_payload(folder, live)
            yield Item("environment", f"payload {folder.name[:12]}", str(folder), "payload", *weigh(folder), used)


def used_by(item: Item, live: Live) -> str:
    """Return what uses the item now; empty where nothing does."""
    folder = Path(item.place)
    return _user_of_payload(folder, live) if item.group == "payload" else _user(folder, live)


def _lock(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.lock")


def _user(folder: Path, live: Live) -> str:
    """Return what uses an environment, or might: a run that is being prepared has not said yet."""
    run = live.environments.get(str(folder)) or live.environments.get(str(folder.resolve()))
    if run:
        return f"run {run} uses it"
    if live.preparing:
        return f"run {live.preparing} is being prepared and may use it"
    if is_held(_lock(folder)):
        return _BUILDING
    if processes := processes_in(folder):
        return f"process {processes[0]} runs in it"
    return ""


def _user_of_payload(folder: Path, live: Live) -> str:
    runs = (run for key, run in live.environments.items() if key.removeprefix("sha256:")[:32] == folder.name)
    run = next(runs, live.preparing)
    return f"run {run} uses it" if run else ""


def remove(item: Item, settings: Settings) -> None:
    """Remove one environment or payload, holding the lock under which it is built."""
    folder = Path(item.place)
    with alone(_lock(folder), _BUILDING):
        remove_folder(folder, settings.cache_dir)
