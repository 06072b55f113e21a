"""Names: made safe for files, and suggested where one is mistyped; both halves import it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from itertools import count

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def file_name(text: str) -> str:
    """Return `text` as a name that is safe in paths and in OpenCompass's tables."""
    return _UNSAFE.sub("-", text).strip(".-") or "x"


def unused(name: str, taken: Collection[str]) -> str:
    """Return `name`, or the first of `name.2`, `name.3` ... that is not taken."""
    more = (f"{name}.{number}" for number in count(2))
    return name if name not in taken else next(other for other in more if other not in taken)


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?`, or what there is to choose from where that is little."""
    names = [str(item) for item in known]
    lowered = {item.lower(): item for item in names}
    close = get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {lowered[close[0]]!r}?"
    return f"; known: {', '.join(names)}" if 0 < len(names) <= 12 else ""
