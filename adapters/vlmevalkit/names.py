"""Names: made safe for files, and suggested where one is mistyped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

_UNSAFE = re.compile(r"[^a-z0-9_-]+")


def file_name(label: str) -> str:
    """Return a data set's label as the name of its folders.

    In lower case and without dots: VLMEvalKit replaces a data set's name, and the ending of a file, in whole paths.
    """
    return _UNSAFE.sub("-", label.lower()).strip("-") or "x"


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?`, or what there is to choose from where that is little."""
    names = [str(item) for item in known]
    lowered = {item.lower(): item for item in names}
    close = get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {lowered[close[0]]!r}?"
    return f"; known: {', '.join(names)}" if 0 < len(names) <= 12 else ""
