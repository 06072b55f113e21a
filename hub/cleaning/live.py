"""Which runs are live, wherever their folders are, and what they use."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.errors import RunError
from hub.lockfile import is_held
from hub.runs import RunFolder, is_live, list_runs, open_run
from hub.settings import Settings


@dataclass(frozen=True)
class Live:
    """What is in use now.

    Attributes:
        runs: resolved folder -> id of each live run.
        environments: environment folder, image id or digest -> id of a run that uses it.
        mounts: folder or file of a model or data set -> id of a run that reads it.
        preparing: id of a run that has not said yet which environments it uses; empty where there is none.
    """

    runs: dict[str, str]
    environments: dict[str, str]
    mounts: dict[str, str]
    preparing: str


def live_runs(settings: Settings) -> Live:
    """Look at the runs folder, and at the locks that any process on this machine has open."""
    folders = {str(run.path.resolve()): run for run in _candidates(settings) if is_live(run)}
    environments: dict[str, str] = {}
    mounts: dict[str, str] = {}
    preparing = _fetching(settings.state_dir)
    for run in folders.values():
        name = run.record.run_id
        records = [job.environment for job in run.record.jobs]
        if any(record is None for record in records):
            preparing = preparing or name
        for record in filter(None, (*records, *run.record.environments)):
            environments.update({record.reference: name, record.digest: name})
        mounts.update(dict.fromkeys(_mounts(run), name))
    runs = {folder: run.record.run_id for folder, run in folders.items()}
    return Live(runs, environments, mounts, preparing)


def _candidates(settings: Settings) -> Iterator[RunFolder]:
    yield from list_runs(settings.runs_dir)
    yield from filter(None, map(_readable, _folders_with_open_lock()))


def _readable(folder: Path) -> RunFolder | None:
    try:
        return open_run(folder)
    except RunError:
        return None


def _folders_with_open_lock() -> Iterator[Path]:
    """Yield run folders whose lock some process that we may look at has open: runs in other runs folders."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = link.readlink()
        except OSError:
            continue  # not ours to see, or gone
        if target.name == ".lock":
            yield target.parent


def _mounts(run: RunFolder) -> Iterator[str]:
    try:
        plan = json.loads((run.path / "plan.json").read_text(encoding="utf-8"))
        parts = (*plan["jobs"], *plan.get("servers", ()))
        yield from (mount["source"] for planned in parts for mount in planned["job"]["mounts"])
    except (OSError, ValueError, KeyError, TypeError):
        return


def _fetching(state_dir: Path) -> str:
    """Return the name of an `evaldock fetch` or `serve` at work; empty where there is none."""
    folders = sorted((*state_dir.glob("fetch-*"), *state_dir.glob("serve-*")))
    return next((path.name for path in folders if is_held(path / ".lock")), "")


def processes_in(folder: Path) -> tuple[int, ...]:
    """Return the processes that run a program of `folder`, as far as we may look."""
    prefix = os.fsencode(folder) + b"/"
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = path.read_bytes()
        except OSError:
            continue
        if arguments.startswith(prefix):
            found.append(int(path.parent.name))
    return tuple(sorted(found))
