"""The pictures of the page: each once, those of failed and wrong samples first, and why the others are not in it."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from hub.pictures import Picture, read_picture
from hub.reading import OUTPUT
from hub.text import count_of, show_size

_BEYOND = "not in this page"


class Pictured(NamedTuple):
    """The pictures of one sample; those of a lower `rank` come first, within one rank a `draw` decides."""

    rank: int
    draw: bytes
    job: str
    paths: tuple[str, ...]


class Album:
    """Pictures as data URLs, up to a size; the first that would be more is the last that is looked at."""

    def __init__(self, folder: Path, size: int) -> None:
        """Begin with none; `folder` is the run's, `size` in bytes of the files."""
        self.lines: list[str] = []
        self._folder = folder
        self._size = self._left = size
        self._places: dict[tuple[str, str], int | str] = {}
        self._known: dict[bytes, int] = {}

    def take(self, pictured: Iterable[Pictured]) -> None:
        """Take in the pictures of samples, in their order."""
        for sample in sorted(pictured):
            for path in sample.paths:
                if (sample.job, path) not in self._places:
                    self._places[sample.job, path] = self._take(sample.job, path)

    def place(self, job: str, path: str) -> int | str:
        """Return which line holds a picture, or why none does."""
        return self._places.get((job, path), _BEYOND)

    def notes(self) -> Iterator[str]:
        """Yield what must be said of those that are not in the page."""
        why = Counter(place for place in self._places.values() if isinstance(place, str))
        if beyond := why.pop(_BEYOND, 0):
            rest = f"{count_of(beyond, 'picture')} not embedded, see the run folder"
            yield f"{rest}: this page holds {show_size(self._size)} of them, those of failed and wrong samples first."
        if why:
            reason, _ = why.most_common(1)[0]
            yield f"{count_of(why.total(), 'picture')} cannot be shown; the most frequent reason: {reason}."

    def _take(self, job: str, path: str) -> int | str:
        if self._left <= 0:
            return _BEYOND
        try:
            picture = read_picture(self._folder / "jobs" / job / OUTPUT, path)
        except ValueError as error:
            return str(error)
        digest = blake2b(picture.data).digest()
        if digest not in self._known:
            self._left -= len(picture.data)
            if self._left < 0:
                return _BEYOND
            self._known[digest] = len(self.lines)
            self.lines.append(_line(picture))
        return self._known[digest]


def _line(picture: Picture) -> str:
    return f"{picture.kind};base64,{base64.b64encode(picture.data).decode('ascii')}"
