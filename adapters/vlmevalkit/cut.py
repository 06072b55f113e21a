"""Which rows of a data set are asked under a limit: the first ones, with what belongs together kept whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

from adapters.vlmevalkit.contract import Dataset

G_INDEX = "g_index"
ROTATION = 1_000_000  # rotation k of question g has the index g + k * ROTATION


def kept(limit: int, groups: Sequence[Hashable], parts: Sequence[Hashable]) -> list[int]:
    """Return which positions stay: of each part whole groups, by their first rows, until `limit` rows are there."""
    keys = list(zip(parts, groups, strict=True))
    sizes = Counter(keys)
    taken: Counter[Hashable] = Counter()
    chosen = set()
    for key in dict.fromkeys(keys):
        if taken[key[0]] < limit:
            chosen.add(key)
            taken[key[0]] += sizes[key]
    return [position for position, key in enumerate(keys) if key in chosen]


def cut(data: Any, dataset: Dataset) -> Any:
    """Return the rows of a frame that are asked.

    Raises:
        KeyError: the data have not the column by which they are kept together, or cut apart.
    """
    if dataset.limit is None:
        return data
    parts = _column(data, dataset.each) if dataset.each else [""] * len(data)
    groups = _groups(data, dataset.together) if dataset.together else range(len(data))
    return data.iloc[kept(dataset.limit, groups, parts)].copy()


def _groups(data: Any, together: str) -> list[str]:
    if together != G_INDEX or G_INDEX in data:
        return _column(data, together)
    # A compilation numbers its rows anew and keeps their own index apart.
    index = data["original_index" if "original_index" in data else "index"]
    return [str(int(value) % ROTATION) for value in index]


def _column(data: Any, name: str) -> list[str]:
    if name not in data:
        raise KeyError(f"the data have no column {name!r}, by which a limit must cut them")
    return [str(value) for value in data[name]]
