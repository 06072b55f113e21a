"""What `evaldock cache` shows: a table of the answers that are kept, or all of it as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from hub.cli.clean_screen import show_age
from hub.text import show_size

if TYPE_CHECKING:
    from hub.cleaning.kept import Kept

_HEADER = ("run", "state", "answers", "size", "last used", "a resume would not ask again")
_RIGHT = {"answers", "size", "last used"}


def print_kept(kept: tuple[Kept, ...]) -> None:
    """Print a line for each run; what is in use, and by whom, stands at its end."""
    if not kept:
        click.echo("no answers are kept")
        return
    rows = [_HEADER, *(_row(part) for part in kept)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    for row in rows:
        click.echo("  ".join(_aligned(*column) for column in zip(_HEADER, row, widths, strict=True)).rstrip())
    click.echo(f"{sum(part.answers for part in kept):,} answers, {show_size(sum(part.size for part in kept))}")


def _aligned(name: str, cell: str, width: int) -> str:
    return cell.rjust(width) if name in _RIGHT else cell.ljust(width)


def _row(kept: Kept) -> tuple[str, ...]:
    saves = f"{kept.answers:,} answers, {kept.tokens:,} tokens" if kept.saves and kept.state else ""
    note = f"({kept.used_by})" if kept.used_by else ""
    said = " ".join(part for part in (saves, note) if part)
    return (kept.run, kept.state, f"{kept.answers:,}", show_size(kept.size), show_age(kept.used_at), said)


def print_json(kept: tuple[Kept, ...], stayed: Mapping[str, str] | None = None, *, freed: int | None = None) -> None:
    """Print every run's answers; after a removal also what was freed, and why something stayed."""
    entries = [_plain(part) for part in kept]
    plain: dict[str, Any] = {"schema_version": 1, "kept": entries}
    if stayed is not None:
        for entry in entries:
            entry |= {"removed": entry["run"] not in stayed, "reason": stayed.get(entry["run"], "")}
        plain["freed"] = freed
    click.echo(json.dumps(plain, indent=2, ensure_ascii=False))


def _plain(kept: Kept) -> dict[str, Any]:
    return {**asdict(kept), "file": str(kept.file), "folder": str(kept.folder or ""), "saves": kept.saves}
