"""How VLMEvalKit reads tables: a model's answers, and all that a user's own table holds, as the texts that they are.

It has pandas guess what a column holds. Where all answers are numbers, "12" is 12.0 if another is "7.5", and "12.0"
is not the right answer "12". Its default format of answers, xlsx, keeps texts; that one has faults of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from string import ascii_uppercase
from typing import Any

_ANSWER, _GOLD = "prediction", "answer"


class Texts:
    """Stands in for pandas where VLMEvalKit loads its files."""

    def __init__(self, pandas: Any) -> None:
        """Take the real one."""
        self._pandas = pandas
        self._own: tuple[str, ...] = ()
        self._kept: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Any:
        """Return what the real one has."""
        return getattr(self._pandas, name)

    def begin(self, own: Sequence[str]) -> None:
        """Begin a data set; `own` are the columns of a user's own table, in which None and NA are words."""
        self._own, self._kept = tuple(own), ()

    def keep(self, rows: Mapping[str, Iterable[Any]]) -> None:
        """Remember which right answers and options are texts: of a few rows all may look like numbers."""
        self._kept = tuple(name for name in (_GOLD, *ascii_uppercase) if name in rows and _are_texts(rows[name]))

    def read_csv(self, file: Any, **more: Any) -> Any:
        """Return a table; what is split by tabs holds rows, anything else scores."""
        if more.get("sep") != "\t":
            return self._pandas.read_csv(file, **more)
        if self._own:
            more = {"keep_default_na": False, "na_values": [""], **more}
        return self._pandas.read_csv(file, dtype=dict.fromkeys((*self._own, *self._kept, _ANSWER), str), **more)


def _are_texts(column: Iterable[Any]) -> bool:
    cells = [cell for cell in column if cell == cell]  # noqa: PLR0124 - an empty cell is a number that is none
    return bool(cells) and all(isinstance(cell, str) for cell in cells)


def stand_in() -> Texts:
    """Have VLMEvalKit read with a stand-in, and return it; always the same one."""
    import vlmeval.smp.file  # noqa: PLC0415

    module: Any = vlmeval.smp.file
    if not isinstance(module.pd, Texts):
        module.pd = Texts(module.pd)
    texts: Texts = module.pd
    return texts
