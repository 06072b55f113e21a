"""fetch: build and download what a task needs ahead of its run, so that the run needs no network."""

from __future__ import annotations

import fcntl
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.check import check_images, check_own, missing, require
from hub.downloads import Download, download_findings, downloads_of
from hub.engine import Engine
from hub.engines import Choice, choose_engine
from hub.errors import PrerequisiteError, ServerError
from hub.finding import Finding
from hub.images import load_image
from hub.lockfile import is_held
from hub.observer import Observer, Preparing
from hub.orchestrator import plan_task
from hub.plan import Plan
from hub.prepare import Desk, Environments, fetch_missing, image_for, images_of, make_environments
from hub.registry import load_adapter
from hub.removal import remove_what_can_be
from hub.report import EnvironmentRecord
from hub.settings import Settings
from hub.space import check_space, needs_of
from hub.taskfile import LoadedTask

_PREFIX = "fetch-"


@dataclass(frozen=True)
class Ahead:
    """What would be done: images to build, assets to download, and what was found about each.

    `needs` is what only the user can bring: files that folders of his lack, and what data sets read beside all that.
    """

    plan: Plan
    choice: Choice
    images: tuple[str, ...]
    downloads: tuple[Download, ...]
    findings: tuple[Finding, ...]
    needs: tuple[Finding, ...] = ()

    @property
    def done(self) -> bool:
        """Return whether all is here already."""
        return not self.images and not self.downloads


def look_ahead(task: LoadedTask, settings: Settings, *, engine: str | None = None, images: bool = True) -> Ahead:
    """Return what is still missing for `task`; builds and downloads nothing.

    Args:
        task: a valid task.
        settings: the machine's.
        engine: another engine than the task's.
        images: whether images are to be built, too; without, those that downloads need must be there.

    Raises:
        TaskError, PrerequisiteError: the task is wrong; no engine works here.
    """
    plan = plan_task(task, settings)
    choice = choose_engine(engine or task.spec.engine, settings, gpus=False)
    downloads = downloads_of(plan, settings)
    names = images_of(plan, settings)
    found = check_images(names, choice.engine, settings)
    unbuilt = tuple(name for name, line in zip(names, found, strict=True) if line.level != "ok")
    room = check_space(needs_of(plan, downloads, choice.engine if images else None, settings))
    lines = (*(found if images else missing(found)), *download_findings(downloads), *room)
    return Ahead(
        plan, choice, unbuilt if images else (), downloads, lines, (*check_own(plan, settings), *_needs(plan))
    )


def _needs(plan: Plan) -> Iterator[Finding]:
    """Yield what the data sets also read, each once, however many models are asked."""
    asked = dict.fromkeys(
        (planned.evaluation.backend, request.name, request.label)
        for planned in plan.jobs
        for request in planned.evaluation.datasets
    )
    for backend, name, label in asked:
        for need in load_adapter(backend).datasets()[name].needs:
            yield Finding("warning", f"dataset {label!r}", f"also needs {need}", "no command fetches it")


def fetch_ahead(
    ahead: Ahead, settings: Settings, consent: Callable[[tuple[Download, ...]], None], observe: Observer
) -> Engine:
    """Build and download; return the engine that has the environments. What an interrupt leaves is continued later.

    Raises:
        PrerequisiteError: something cannot be had, the disk is too small, or `consent` refused.
        ImageError: an image could not be built.
    """
    require(ahead.findings)
    consent(ahead.downloads)
    choice = ahead.choice
    with locked_desk(settings, observe, _PREFIX) as desk:
        for line in choice.engine.reap():
            observe(Preparing("leftovers", line))
        if ahead.images:
            names = images_of(ahead.plan, settings)
            choice, environments = make_environments(choice, names, settings, observe, gpus=False)
        else:
            environments = _found(ahead, settings)
        fetch_missing(ahead.plan, environments, choice.engine, desk)
    return choice.engine


def _found(ahead: Ahead, settings: Settings) -> Environments:
    """Return the environments that the downloads need, none built.

    Raises:
        PrerequisiteError: one is not there.
    """
    assets = (download.asset for download in ahead.downloads)
    names = sorted({image_for(asset, ahead.plan) for asset in assets if asset.hub != "url"})
    return {name: _environment(name, ahead.choice.engine, settings) for name in names}


def _environment(name: str, engine: Engine, settings: Settings) -> EnvironmentRecord:
    image = load_image(name, settings)
    if engine.find(image) is None:
        message = f"image {name!r} is not built, and its hub client does the download"
        raise PrerequisiteError(message, hint=f"`evaldock build {name}`, or leave --no-images out")
    return engine.prepare(image, lambda _line: None)


@contextmanager
def locked_desk(settings: Settings, observe: Observer, prefix: str) -> Iterator[Desk]:
    """Make a folder for jobs of no run, locked as a run is, so that no other hub takes them for abandoned.

    Raises:
        PrerequisiteError: the state folder cannot be written.
    """
    name = f"{prefix}{secrets.token_hex(4)}"
    folder = settings.state_dir / name
    try:
        folder.mkdir(parents=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror}"
        raise PrerequisiteError(message, hint="EVALDOCK_STATE names another folder") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _sweep(settings.state_dir, prefix)
        try:
            yield Desk(name, folder, settings, observe)
        except ServerError:  # names its log, which is in this folder; whoever comes next sweeps it away
            raise
        except BaseException:
            remove_what_can_be(folder)
            raise
        remove_what_can_be(folder)


def _sweep(state_dir: Path, prefix: str) -> None:
    """Remove the folders of those that were killed: their locks are free."""
    for folder in state_dir.glob(f"{prefix}*"):
        if not is_held(folder / ".lock") and not folder.is_symlink():
            remove_what_can_be(folder)
