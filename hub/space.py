"""Whether the disks have room for what a run makes: images or environments, downloads, the run folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from hub.downloads import Download
from hub.engine import Engine
from hub.errors import ImageError, PrerequisiteError
from hub.finding import Finding
from hub.images import load_image
from hub.plan import Plan
from hub.settings import Settings
from hub.text import show_size

_RUN_BYTES = 100_000_000  # logs, samples and reports; few runs write more
_TIGHT_BYTES = 1_000_000_000
# The builder stage stays beside the image as the daemon's cache, and holds all that the image does.
_DOCKER_COPIES = 2


class Need(NamedTuple):
    """So many bytes in a folder, for something."""

    folder: Path
    size: int
    what: str


def needs_of(
    plan: Plan, downloads: Iterable[Download], engine: Engine | None, settings: Settings
) -> tuple[Need, ...]:
    """Return what a run of `plan` needs, as far as it is known; without an engine, what does not depend on it."""
    needs = [Need(settings.runs_dir, _RUN_BYTES, "the run folder")]
    needs += [Need(settings.cache_dir, part.disk, f"{part.asset.kind} {part.asset.name!r}") for part in downloads]
    if engine is not None:
        needs += image_needs(plan.images, engine, settings)
    return tuple(need for need in needs if need.size)


def image_needs(names: Iterable[str], engine: Engine, settings: Settings) -> Iterator[Need]:
    """Yield what the images that are not built yet will take."""
    folder = storage_of(engine, settings)
    for name in names:
        try:
            image = load_image(name, settings)
            here = engine.find(image)
        except (ImageError, PrerequisiteError):
            continue  # the check of images says why
        if folder and not here and image.disk_bytes:
            copies = _DOCKER_COPIES if engine.name == "docker" else 1
            yield Need(folder, image.disk_bytes * copies, f"image {name}")


def storage_of(engine: Engine, settings: Settings) -> Path | None:
    """Return where an engine keeps images or environments; None where that is no folder of this host."""
    if engine.name != "docker":
        return settings.cache_dir
    from hub.engine.docker.storage import storage_folder  # noqa: PLC0415 - docker is imported where it is used

    try:
        return storage_folder()
    except PrerequisiteError:
        return None


def check_space(needs: Iterable[Need]) -> tuple[Finding, ...]:
    """Compare the needs with what is free, disk by disk."""
    disks: dict[int, list[Need]] = {}
    for need in needs:
        disks.setdefault(_existing(need.folder).stat().st_dev, []).append(need)
    return tuple(_disk(parts) for parts in disks.values())


def _disk(needs: list[Need]) -> Finding:
    folder = needs[-1].folder
    free, wanted = free_bytes(folder), sum(need.size for need in needs)
    biggest = sorted(needs, key=lambda need: -need.size)
    what = ", ".join(f"{need.what} {show_size(need.size)}" for need in biggest[:4])
    more = f" and {len(needs) - 4} more" if len(needs) > 4 else ""
    message = f"{show_size(wanted)} needed ({what}{more}), {show_size(free)} free at {folder}"
    mend = "make room (`evaldock clean` shows what can go), or name another disk: EVALDOCK_CACHE, EVALDOCK_RUNS"
    if free < wanted:
        return Finding("missing", "disk", f"too little: {message}", mend)
    if free - wanted < _TIGHT_BYTES:
        return Finding("warning", "disk", f"tight: {message}", mend)
    return Finding("ok", "disk", message)


def free_bytes(folder: Path) -> int:
    """Return what an ordinary user may still write where `folder` is, or will be."""
    return shutil.disk_usage(_existing(folder)).free


def _existing(folder: Path) -> Path:
    for path in (folder, *folder.parents):
        try:
            path.stat()
        except OSError:
            continue  # not there yet, or closed to us
        return path
    return Path("/")
