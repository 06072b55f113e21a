"""Answers of models that nobody will ask for again: those of runs whose folder is gone."""

from __future__ import annotations

from pathlib import Path

from hub import answers
from hub.cleaning.item import Found, Item
from hub.cleaning.kept import GONE, Kept, kept_answers
from hub.cleaning.live import Live
from hub.settings import Settings


def find(settings: Settings, live: Live) -> Found:
    """Return the answers of runs that are gone."""
    return Found(tuple(_item(kept) for kept in kept_answers(settings, live) if kept.state == GONE))


def _item(kept: Kept) -> Item:
    name = f"answers of {kept.run}, whose folder is gone"
    return Item("answers", name, str(kept.file), "", kept.size, kept.used_at, kept.used_by)


def used_by(item: Item, live: Live) -> str:
    """Return what uses the item now; empty where nothing does."""
    return "it is live" if _run(item) in live.runs.values() else ""


def remove(item: Item, settings: Settings) -> None:
    """Remove one run's answers."""
    answers.remove(settings.state_dir, _run(item))


def _run(item: Item) -> str:
    return Path(item.place).name.removesuffix(".sqlite")
