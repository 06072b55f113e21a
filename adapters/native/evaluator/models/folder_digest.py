"""What a folder of the user's holds, as one digest: another where a file of it is another."""

from __future__ import annotations

import hashlib
from pathlib import Path

_CHUNK = 8 << 20


def content_digest(folder: Path) -> str:
    """Return `sha256:` and 16 hex digits over names and contents; hidden files and Python's caches do not count."""
    total = hashlib.sha256()
    for name, path in sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*")):
        parts = name.split("/")
        if path.is_file() and "__pycache__" not in parts and not any(part.startswith(".") for part in parts):
            total.update(f"{name}\0{_digest(path)}\n".encode())
    return f"sha256:{total.hexdigest()[:16]}"


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()
