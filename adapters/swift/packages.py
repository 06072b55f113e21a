"""Which packages SWIFT asks for a model type that this environment does not have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution

# For videos alone, which nobody is asked about here.
_VIDEOS = frozenset({"av", "decord", "moviepy", "torchcodec"})


def lacking(requirements: Sequence[str]) -> list[str]:
    """Return those of which no version is installed; another version than the wanted one often does."""
    return [wanted for wanted in requirements if _name(wanted) not in _VIDEOS and not _installed(_name(wanted))]


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0]


def _installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
