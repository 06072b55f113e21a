"""Base images that builds would have to pull: where no registry can be reached, better known beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hub.engine import Engine
from hub.errors import EvaldockError
from hub.finding import Finding
from hub.images import carried_over, load_image
from hub.settings import Settings

_MEND = (
    "where no registry can be reached, EVALDOCK_BASE_IMAGE names another (images/README.md), or use `engine: venv`"
)


def base_findings(names: Iterable[str], engine: Engine, settings: Settings) -> Iterator[Finding]:
    """Yield a note for each base image that is not here though an image must be built on it."""
    if engine.name != "docker":
        return
    for base, mend in sorted(set(filter(None, (_base_to_pull(name, engine, settings) for name in names)))):
        yield Finding("warning", "base image", f"{base} is not on this machine; a build pulls it", mend)


def _base_to_pull(name: str, engine: Engine, settings: Settings) -> tuple[str, str] | None:
    """Return a base that is not here, and how to do without a registry."""
    from hub.engine.docker.storage import has_image  # noqa: PLC0415 - docker is imported where it is used

    try:
        image = load_image(name, settings)
        if engine.find(image) or has_image(image.base):
            return None
    except EvaldockError:
        return None  # the check of images says why
    return image.base, carried_over(image.base) if image.published else _MEND
