"""What an asset at a URL is called on disk."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from hub.adapter import Asset
from hub.text import slug

_LONGEST = 80


def file_name(url: str) -> str:
    """Return the name of the file at `url`: the last part of its path, as far as a file can bear it."""
    return slug(PurePosixPath(unquote(urlsplit(url).path)).name)[-_LONGEST:].lstrip(".-") or "x"


def folder_name(asset: Asset) -> str:
    """Return the folder in the cache: one for all assets that are the same part of the same file."""
    identity = (asset.location, asset.sha256.lower(), asset.md5.lower(), asset.unpack, asset.inside)
    return f"{file_name(asset.location)}-{hashlib.sha256(repr(identity).encode()).hexdigest()[:8]}"
