"""The JSON files of a checkpoint, which anybody may have written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path


def read_object(file: Path) -> Mapping[str, object]:
    """Return what a file holds; empty where it is not there, or holds no JSON object."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
