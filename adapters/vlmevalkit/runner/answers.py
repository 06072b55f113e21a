"""VLMEvalKit's file of answers while it asks: whole at every moment, and not written anew for each answer.

Its own way opens the file, which empties it, and pickles all answers into it after every one of them. A job that is
killed in between leaves half a file, with which every later start fails; and ten thousand answers are written ten
thousand times.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

Dump = Callable[..., Any]


class Saving:
    """Stands in for VLMEvalKit's `dump` where answers are saved."""

    def __init__(self, dump: Dump, interval_s: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Write with `dump`; with an interval less often, where the last call of all brings nothing new."""
        self._dump, self._interval_s, self._clock = dump, interval_s, clock
        self._known: dict[str, tuple[int, float]] = {}  # file -> how many answers were seen, when it was written

    def __call__(self, data: Any, file: str, **more: Any) -> Any:
        """Save `data`; a pickle that grew may wait."""
        if not file.endswith(".pkl"):
            return self._dump(data, file, **more)
        seen, at = self._known.get(file, (-1, float("-inf")))
        now = self._clock()
        if len(data) != seen and now - at < self._interval_s:
            self._known[file] = (len(data), at)
            return None
        self._known[file] = (len(data), now)
        draft = f"{file}.draft.pkl"  # VLMEvalKit chooses the format by the end of the name
        self._dump(data, draft, **more)
        os.replace(draft, file)  # noqa: PTH105 - one step
        return None
