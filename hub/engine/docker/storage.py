"""Where the Docker daemon keeps its images on this host, and how big they are."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from hub.engine.docker.client import connect, list_images, translated


def storage_folder() -> Path | None:
    """Return the daemon's root folder; None where it is not one of this host (a remote daemon, Docker Desktop).

    Raises:
        PrerequisiteError: the daemon does not answer.
    """
    with closing(connect()) as client, translated("ask the Docker daemon where its images lie"):
        folder = Path(str(client.info().get("DockerRootDir") or ""))
    return folder if folder.is_absolute() and folder.is_dir() else None


def image_bytes(reference: str) -> int:
    """Return an image's size, as `docker images` shows it.

    Raises:
        PrerequisiteError, ImageError: the daemon does not answer; there is no such image.
    """
    with closing(connect()) as client, translated(f"look at image {reference!r}"):
        return int(client.images.get(reference).attrs.get("Size") or 0)


def has_image(reference: str) -> bool:
    """Return whether the daemon has an image.

    Raises:
        PrerequisiteError: the daemon does not answer.
    """
    with closing(connect()) as client, translated("list images"):
        return bool(list_images(client, name=reference))
