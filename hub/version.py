"""The version of evaldock, read from the installed distribution so that it stands in one place."""

from __future__ import annotations

from importlib import metadata


def _version() -> str:
    try:
        return metadata.version("evaldock")
    except metadata.PackageNotFoundError:
        return "0+checkout"


VERSION = _version()
