"""Make what jobs need: images or environments, then models and data; the same for a run and ahead of one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from hub.adapter import Asset
from hub.check import data_findings, require, to_fetch
from hub.engine import Engine, Placement
from hub.engines import Choice
from hub.errors import BaseImageError
from hub.fetch import fetch, fetch_id
from hub.images import load_image
from hub.observer import Observer, Prepared, Preparing
from hub.plan import Plan, host_path
from hub.report import EnvironmentRecord
from hub.settings import Settings
from hub.urlfetch import fetch_url

Environments = dict[str, EnvironmentRecord]


class Desk(NamedTuple):
    """Whose work it is, where its fetch jobs have their folders (<folder>/.lock is held meanwhile), who watches."""

    run_id: str
    folder: Path
    settings: Settings
    observe: Observer


def make_environments(
    choice: Choice, images: Iterable[str], settings: Settings, observe: Observer, *, gpus: bool
) -> tuple[Choice, Environments]:
    """Build what is missing; where no base image can be had, take the fallback engine and say so.

    Raises:
        ImageError: an image or environment could not be built.
        PrerequisiteError: the fallback engine cannot run here.
    """
    try:
        return choice, _build(choice.engine, images, settings, observe)
    except BaseImageError as error:
        if choice.fallback is None:
            raise
        reason = f"a container engine answers, but its images cannot be built here ({error.message})"
        require(choice.fallback.check(gpus=gpus))
        other = Choice(choice.fallback, reason)
        return other, _build(other.engine, images, settings, observe)


def _build(engine: Engine, images: Iterable[str], settings: Settings, observe: Observer) -> Environments:
    environments = {}
    for name in images:
        with _timed(f"image {name}", "", observe):
            spec = load_image(name, settings)
            environments[name] = engine.prepare(spec, partial(_line, observe, name))
    return environments


def _line(observe: Observer, image: str, line: str) -> None:
    observe(Preparing(f"image {image}", line))


def fetch_missing(plan: Plan, environments: Environments, engine: Engine, desk: Desk) -> None:
    """Download what is not in the cache yet: URLs here, the rest each in the environment of a job that needs it.

    Raises:
        PrerequisiteError: a hub refused, cannot be reached, the cache cannot be written, or files are missing in what
            came.
    """
    fresh = to_fetch(plan, desk.settings)
    for asset in fresh:
        destination = host_path(asset, desk.settings.cache_dir)
        with _timed(f"{asset.kind} {asset.name}", asset.location, desk.observe):
            if asset.hub == "url":
                fetch_url(asset, destination, desk.observe)
                continue
            environment = environments[image_for(asset, plan)]
            place = Placement(desk.run_id, desk.folder / "fetch" / fetch_id(asset))
            fetch(asset, destination, environment, engine, place, desk.observe)
    if fresh:
        require(finding for asset in plan.assets for finding in data_findings(asset, desk.settings.cache_dir))


def image_for(asset: Asset, plan: Plan) -> str:
    """Return the image that can fetch `asset` from a hub: that of the first job, or server, which reads it.

    A server in a project's own image has not the hubs' clients: another image fetches for it.
    """
    jobs = ((part.assets, part.job.image) for part in plan.jobs)
    servers = ((part.assets, part.kind.fetcher or part.job.image) for part in plan.servers)
    return next(image for assets, image in (*jobs, *servers) if asset in assets)


def images_of(plan: Plan, settings: Settings) -> tuple[str, ...]:
    """Return the names of the images that the plan needs, those of downloads that are still to come included."""
    fetching = (image_for(asset, plan) for asset in to_fetch(plan, settings) if asset.hub != "url")
    return tuple(sorted({*plan.images, *fetching}))


@contextmanager
def _timed(what: str, reference: str, observe: Observer) -> Iterator[None]:
    started = time.monotonic()
    yield
    observe(Prepared(what, reference, time.monotonic() - started))
