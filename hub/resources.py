"""Find the files that ship with evaldock (images/, configs/, adapters/): in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent


def shared_folder(name: str) -> Path:
    """Return the folder `images` or `configs`: beside hub/ in a checkout, inside the package in a wheel."""
    inside = _PACKAGE / "_share" / name
    return inside if inside.is_dir() else _CHECKOUT / name


def adapters_folder() -> Path:
    """Return the folder of the `adapters` package without importing it."""
    return _CHECKOUT / "adapters"
