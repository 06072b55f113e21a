"""Small copies of the pictures that a model was shown, for the reader of a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

Shown = Callable[[Sequence[str]], AbstractContextManager[None]]

LONGEST_EDGE = 256  # pixels
_MOST = 2000  # pictures of one data set: a report shows its first samples, and a run folder stays small


class Pictures:
    """Numbers the pictures of one data set in the order in which they come; each is copied once."""

    def __init__(self, folder: Path, shown: Shown) -> None:
        """Go on after the pictures that `folder` holds; a picture can be opened within `shown`."""
        self._folder, self._shown = folder, shown
        self._known: dict[str, str] = {}
        self._count = sum(1 for _ in folder.glob("*.jpg"))

    def copy(self, source: str) -> str:
        """Return the name of a picture's small copy; an empty text where there is none."""
        if source not in self._known:
            if self._count >= _MOST:
                return ""
            self._known[source] = self._shrink(source)
        return self._known[source]

    def _shrink(self, source: str) -> str:
        from PIL import Image  # noqa: PLC0415

        name = f"{self._count}.jpg"
        try:
            with self._shown([source]), Image.open(source) as image:
                image.thumbnail((LONGEST_EDGE, LONGEST_EDGE))
                image.convert("RGB").save(self._folder / name, "JPEG", quality=80)
        except Exception:  # noqa: BLE001 - files of any kind can raise anything
            return ""  # whoever asks with it says so
        self._count += 1
        return name
