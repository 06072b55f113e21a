"""Who read the answers of a data set with choices: its judge, VLMEvalKit's matching of texts, or nobody but chance.

Where its judge gave no usable answer, VLMEvalKit draws an option. From which numbers, hangs on the order of its
threads; here it hangs on seed and row alone.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from adapters.vlmevalkit.runner import rows

_DRAWN = "thus randomly generate one"  # what VLMEvalKit's record of a drawn option says
_KINDS = frozenset({"MCQ", "Y/N"})


class Reading:
    """Counts the readings of one data set; threads may count at once."""

    def __init__(self, seed: int) -> None:
        """Start with none."""
        self._seed = seed
        self._lock = threading.Lock()
        self._judged = self._guessed = 0

    def counts(self, kind: str, reader: str, rows: int) -> dict[str, int | None]:
        """Return judged, matched and guessed rows; None where VLMEvalKit reads answers in other ways."""
        if kind not in _KINDS or not reader:
            return {"judged": None, "matched": None, "guessed": None}
        matched = rows - self._judged - self._guessed
        return {"judged": self._judged, "matched": matched, "guessed": self._guessed}

    def choice(self, options: Sequence[str]) -> str:
        """Return an option by chance, always the same one for a row."""
        return random.Random(f"{self._seed}/{rows.current()}").choice(options)  # noqa: S311 - no secret

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Count what VLMEvalKit reads."""
        from vlmeval.dataset.utils import multiple_choice, yorn  # noqa: PLC0415

        extract, drawn, ask = multiple_choice.extract_answer_from_item, multiple_choice.rd, yorn.YOrN_auxeval

        def extracted(model: Any, item: Any, *more: Any, **named: Any) -> Any:
            prefetched = model is None or multiple_choice.prefetch_answer(item)
            with rows.at(str(item["index"])):
                found = extract(model, item, *more, **named)
            if not prefetched:
                self._count(drawn=_DRAWN in str(found["log"]))
            return found

        def asked(model: Any, line: Any) -> Any:
            self._count(drawn=False)
            return ask(model, line)

        multiple_choice.extract_answer_from_item, multiple_choice.rd, yorn.YOrN_auxeval = extracted, self, asked
        try:
            yield
        finally:
            multiple_choice.extract_answer_from_item, multiple_choice.rd, yorn.YOrN_auxeval = extract, drawn, ask

    def _count(self, *, drawn: bool) -> None:
        with self._lock:
            self._guessed += drawn
            self._judged += not drawn
