"""Suggest what a mistyped name was meant to be; both halves import it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?`, or what there is to choose from."""
    names = [str(item) for item in known]
    lowered = {item.lower(): item for item in names}
    close = get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {lowered[close[0]]!r}?"
    return f"; known: {', '.join(names)}" if names else ""
