"""The container half of an adapter as a folder of its own: what a job imports is what was digested."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hub.errors import ImageError
from hub.images import ImageSpec, digest_of
from hub.settings import Settings


def environment_digest(image: ImageSpec) -> str:
    """Return the digest of all that an environment and its payload are made from."""
    return digest_of((image.recipe_digest.encode(), image.payload_digest.encode()))


def payload_folder(digest: str, settings: Settings) -> Path:
    """Return where the payload of an environment with this digest lies."""
    return settings.cache_dir / "payloads" / digest.removeprefix("sha256:")[:32]


def materialize(image: ImageSpec, digest: str, settings: Settings) -> None:
    """Copy the payload into the cache where it is not there yet: whole or not at all.

    Raises:
        ImageError: the cache cannot be written.
    """
    folder = payload_folder(digest, settings)
    if folder.is_dir():
        return
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise ImageError(f"cannot write {folder.parent}: {error.strerror}") from error
    try:
        _copy(image, building)
        _move(building, folder)
    except OSError as error:
        raise ImageError(f"cannot write {error.filename}: {error.strerror}") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _copy(image: ImageSpec, folder: Path) -> None:
    folder.chmod(0o755)
    for name, source in image.payload:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _move(building: Path, folder: Path) -> None:
    try:
        os.rename(building, folder)  # noqa: PTH104 - Path.rename hides which of the two failed
    except OSError:
        if not folder.is_dir():  # else another hub was faster, with the same bytes
            raise
