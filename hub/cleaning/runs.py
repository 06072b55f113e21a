"""Run folders: those with a run.json of ours whose run nobody drives, and drafts that a killed evaldock left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from hub import answers
from hub.cleaning.folder import alone, leads_out, ours, remove_folder, weigh
from hub.cleaning.item import Found, Item
from hub.cleaning.live import Live
from hub.errors import RunError
from hub.lockfile import is_held
from hub.runs import open_run, shown_state
from hub.settings import Settings

_DRAFT = re.compile(r"\.\d{8}T\d{6}Z-[A-Za-z0-9._-]+-[0-9a-f]{8}\.tmp")


def find(settings: Settings, live: Live) -> Found:
    """Return the runs of the runs folder."""
    note = leads_out(settings.runs_dir, settings.runs_dir.parent)
    return Found(tuple(_items(settings, live)), (note,) if note else ())


def _items(settings: Settings, live: Live) -> Iterator[Item]:
    runs_dir = settings.runs_dir
    for folder in ours(runs_dir, runs_dir):
        if _DRAFT.fullmatch(folder.name):
            used = _user(folder, live)
            yield Item("run", f"{folder.name} (never begun)", str(folder), "draft", *weigh(folder), used)
        elif (folder / "run.json").is_file() and not folder.name.startswith("."):
            yield from _run(folder, settings, live)


def _run(folder: Path, settings: Settings, live: Live) -> Iterator[Item]:
    try:
        run = open_run(folder)
    except RunError:
        return  # not ours, or of a version that we cannot read: not ours to judge
    if run.record.run_id != folder.name:
        return  # a copy or a folder that somebody renamed to keep it
    used_at = run.record.ended_at or run.record.created_at
    name = f"{folder.name} ({shown_state(run)})"
    size = weigh(folder).size + answers.size_of(answers.run_file(settings.state_dir, folder.name))
    yield Item("run", name, str(folder), "", size, used_at, _user(folder, live))


def used_by(item: Item, live: Live) -> str:
    """Return what uses the item now; empty where nothing does."""
    return _user(Path(item.place), live)


def _user(folder: Path, live: Live) -> str:
    held = str(folder.resolve()) in live.runs or is_held(folder / ".lock")
    return "it is live" if held else ""


def remove(item: Item, settings: Settings) -> None:
    """Remove one run's folder and its answers, holding its lock so that nobody resumes it meanwhile."""
    folder = Path(item.place)
    with alone(folder / ".lock", "it is live"):
        remove_folder(folder, settings.runs_dir)
        answers.remove(settings.state_dir, folder.name)
