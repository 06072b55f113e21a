"""evaldock list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.complete import complete_backend
from hub.cli.options import json_option, runs_option

if TYPE_CHECKING:
    from hub.adapter import Adapter, DatasetInfo

_DATASET_HEADER = (
    *("backend", "data set", "subsets", "metric", "shots", "scoring"),
    *("rows", "files", "licence", "source", "what"),
)


@click.group("list")
def command() -> None:
    """List runs, backends, data sets, models, templates or the tasks that ship with evaldock."""


@command.command("runs")
@runs_option
@json_option
def list_runs_command(runs: Path | None, as_json: bool) -> None:
    """List runs, oldest first."""
    from hub.cli.options import settings_with
    from hub.runs import list_runs, shown_state

    found = list_runs(settings_with(runs).runs_dir)
    rows = [(run.record.run_id, shown_state(run), run.record.engine, run.record.task) for run in found]
    _show(("run", "state", "engine", "task"), rows, as_json=as_json)
    if any(state == "interrupted" for _, state, _, _ in rows):
        click.echo("note: `evaldock resume RUN` goes on with one that was interrupted", err=True)


@command.command("backends")
@json_option
def list_backends_command(as_json: bool) -> None:
    """List the backends."""
    from hub.registry import adapter_names, load_adapter

    adapters = [load_adapter(name) for name in adapter_names()]
    rows = [(part.name, part.version, ", ".join(part.modalities), str(_count(part))) for part in adapters]
    _show(("backend", "adapter", "models", "data sets"), rows, as_json=as_json)


def _count(adapter: Adapter) -> int:
    return sum(not info.alias_of for info in adapter.datasets().values())


@command.command("datasets")
@click.option("--backend", shell_complete=complete_backend, help="Only this backend's.")
@json_option
def list_datasets_command(backend: str | None, as_json: bool) -> None:
    """List data sets: subsets, metric, default shots, scoring ways, rows, files, licence, source.

    --json adds other names of a data set (alias_of), its subsets, its files, and the configurations to choose from.
    """
    from hub.registry import adapter_names, load_adapter

    names = (_known(backend),) if backend else adapter_names()
    infos = [(name, info) for name in names for _, info in sorted(load_adapter(name).datasets().items())]
    if as_json:
        click.echo(json.dumps([{"backend": name, **asdict(info)} for name, info in infos], indent=2))
        return
    listed = [(name, info) for name, info in infos if not info.alias_of]
    header: tuple[str, ...] = _DATASET_HEADER
    rows: list[tuple[str, ...]] = [_dataset_row(name, info) for name, info in listed]
    if any(info.needs for _, info in listed):
        header = (*header, "also needs")
        rows = [(*row, ", ".join(info.needs)) for row, (_, info) in zip(rows, listed, strict=True)]
    _show(header, rows, as_json=False)


def _known(backend: str) -> str:
    """Return the name of a backend that there is."""
    from hub.registry import adapter_names
    from hub.text import did_you_mean

    if backend not in adapter_names():
        raise click.UsageError(f"no backend {backend!r}{did_you_mean(backend, adapter_names())}")
    return backend


def _dataset_row(backend: str, info: DatasetInfo) -> tuple[str, ...]:
    return (
        backend,
        info.name,
        str(len(info.subsets) or ""),
        info.metric,
        str(info.few_shot),
        ", ".join(info.scoring),
        str(info.rows or ""),
        str(_file_count(info) or ""),
        info.licence,
        info.source,
        f"{info.summary} (does not run here: {info.unavailable})" if info.unavailable else info.summary,
    )


def _file_count(info: DatasetInfo) -> int:
    """Return how many files are read, each pattern once for every subset."""
    return sum(len(info.subsets) if "{}" in file else 1 for file in info.files)


@command.command(
    "models", short_help="List the checkpoints in this machine's caches, or a backend's names of models."
)
@click.option("--backend", shell_complete=complete_backend, help="This backend's own names of models instead.")
@json_option
def list_models_command(backend: str | None, as_json: bool) -> None:
    """List the checkpoints in this machine's caches: evaldock's own, Hugging Face's, ModelScope's.

    The last column is what a task writes under `checkpoint` (or `evaldock eval` takes as --model) to use one.
    --backend lists the names by which a backend itself knows models: what `known_as` takes for vlmevalkit.
    """
    if backend:
        _show(("model", "runs here"), _own_models(backend), as_json=as_json)
        return
    from hub.localmodels import local_models
    from hub.settings import load_settings
    from hub.text import show_size

    found = local_models(load_settings())
    if as_json:
        click.echo(json.dumps([asdict(model) | {"path": str(model.path)} for model in found], indent=2))
        return
    rows = [(part.name, part.hub, part.revision, show_size(part.size), part.checkpoint) for part in found]
    _show(("model", "hub", "revision", "size", "checkpoint"), rows, as_json=False)


def _own_models(backend: str) -> list[tuple[str, ...]]:
    from hub.adapter import ModelNamer
    from hub.registry import load_adapter

    adapter = load_adapter(_known(backend))
    if not isinstance(adapter, ModelNamer):
        raise click.UsageError(f"{backend} has no names of its own for models: it takes any checkpoint or endpoint")
    return [(name, f"no: {why}" if why else "yes") for name, why in adapter.own_models().items()]


@command.command("templates", short_help="List the template types of Eval-Scope.")
@json_option
def list_templates_command(as_json: bool) -> None:
    """List the template types of Eval-Scope, and what evaldock does in the place of each."""
    from hub.seed.names import templates

    _show(("template", "kind", "here"), templates(), as_json=as_json)


@command.command("tasks", short_help="List the task files that ship with evaldock.")
@json_option
def list_tasks_command(as_json: bool) -> None:
    """List the task files that ship with evaldock; `evaldock run NAME` runs one."""
    from hub.resources import shared_folder

    top = shared_folder("configs")
    paths = sorted(path for path in top.rglob("*.yaml") if "bundled" not in path.relative_to(top).parts)
    rows = [(str(path.relative_to(top).with_suffix("")), _first_comment(path)) for path in paths]
    _show(("task", "what"), rows, as_json=as_json)


def _first_comment(path: Path) -> str:
    """Return what a file says of itself: the first line of its comment, to the end of the sentence there."""
    lines = takewhile(lambda line: line.startswith("#"), path.read_text(encoding="utf-8").splitlines())
    said = [line.lstrip("# ").strip() for line in lines if "yaml-language-server" not in line]
    text = " ".join(said)
    end = re.compile(r"[.?!](?=\s|$)").search(text, len(said[0]) - 1) if said else None
    return text[: end.end()] if end else text


def _show(header: tuple[str, ...], rows: Iterable[tuple[str, ...]], *, as_json: bool) -> None:
    listed = list(rows)
    if as_json:
        click.echo(json.dumps([dict(zip(header, row, strict=True)) for row in listed], indent=2))
        return
    widths = [max(len(row[column]) for row in (header, *listed)) for column in range(len(header))]
    for row in (header, *listed):
        cells = zip(row, widths, strict=True)
        click.echo("  ".join(cell.ljust(width) for cell, width in cells).rstrip())
