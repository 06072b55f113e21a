"""Names made safe for files; both halves import it."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import count

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def file_name(text: str) -> str:
    """Return `text` as a name that is safe in paths and in OpenCompass's tables."""
    return _UNSAFE.sub("-", text).strip(".-") or "x"


def unused(name: str, taken: Collection[str]) -> str:
    """Return `name`, or the first of `name.2`, `name.3` ... that is not taken."""
    more = (f"{name}.{number}" for number in count(2))
    return name if name not in taken else next(other for other in more if other not in taken)
