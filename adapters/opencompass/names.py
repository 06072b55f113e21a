"""Names: made safe for files, and suggested where one is mistyped; both halves import it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def file_name(text: str) -> str:
    """Return `text` as a name that is safe in paths and in OpenCompass's tables."""
    return _UNSAFE.sub("-", text).strip(".-") or "x"


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?`, or what there is to choose from where that is little."""
    names = [str(item) for item in known]
    lowered = {item.lower(): item for item in names}
    close = get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {lowered[close[0]]!r}?"
    return f"; known: {', '.join(names)}" if 0 < len(names) <= 12 else ""
