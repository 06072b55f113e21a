"""How much disk an image or environment that is there takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hub.downloads import size_of
from hub.engine import Engine
from hub.errors import EvaldockError
from hub.finding import Finding
from hub.text import show_size

_READY = "ready: "


def with_size(finding: Finding, engine: Engine) -> Finding:
    """Return the finding with the size of what it says is ready."""
    if finding.level != "ok" or not finding.message.startswith(_READY):
        return finding
    size = _size(finding.message.removeprefix(_READY), engine)
    return replace(finding, message=f"{finding.message} ({show_size(size)})") if size else finding


def _size(reference: str, engine: Engine) -> int:
    if engine.name != "docker":
        return size_of(Path(reference))
    from hub.engine.docker.storage import image_bytes  # noqa: PLC0415 - docker is imported where it is used

    try:
        return image_bytes(reference)
    except EvaldockError:
        return 0  # removed meanwhile
