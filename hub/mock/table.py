"""Find what belongs to a prompt: the key that it is, ends with, or contains."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class TextTable(Generic[Value]):
    """Texts and their values; of equal keys the first counts, white space at the ends does not."""

    def __init__(self, entries: Iterable[tuple[str, Value]]) -> None:
        """Index the entries."""
        self._values: dict[str, Value] = {}
        for key, value in entries:
            self._values.setdefault(key.strip(), value)
        self._values.pop("", None)
        self._lengths = sorted({len(key) for key in self._values}, reverse=True)

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._values)

    def find(self, text: str) -> Value | None:
        """Return the value of the key that `text` is, else of the longest it ends with, else of the last in it."""
        stripped = text.strip()
        exact = self._values.get(stripped)
        if exact is not None:
            return exact
        ending = self.find_ending(stripped)
        if ending is not None:
            return ending
        place = self.last(text)
        return place[1] if place else None

    def find_ending(self, text: str) -> Value | None:
        """Return the value of the longest key that `text` ends with: examples come first, the question last."""
        for length in self._lengths:
            if length < len(text):
                found = self._values.get(text[-length:])
                if found is not None:
                    return found
        return None

    def last(self, text: str) -> tuple[int, Value] | None:
        """Return where the key that ends last in `text` (the longest of these) ends, and its value."""
        best: tuple[int, int, Value] | None = None
        for key, value in self._values.items():
            place = text.rfind(key)
            if place >= 0 and (best is None or (place + len(key), len(key)) > best[:2]):
                best = (place + len(key), len(key), value)
        return (best[0], best[2]) if best else None
