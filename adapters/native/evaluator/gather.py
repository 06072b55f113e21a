"""Take many rows at once, so that a user learns everything that is wrong with a file in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from adapters.native.evaluator.errors import DataError, RowError

SHOWN = 10
_HINTS_SHOWN = 3
A = TypeVar("A")
T = TypeVar("T")


def gather(build: Callable[[A], T], entries: Iterable[A]) -> list[T]:
    """Return `build(entry)` of every entry.

    Raises:
        DataError: some are wrong; it tells the first problems and how many more there are.
    """
    found: list[T] = []
    problems: list[RowError] = []
    for entry in entries:
        try:
            found.append(build(entry))
        except RowError as error:  # noqa: PERF203 - each row has its own problem
            problems.append(error)
    if problems:
        raise _joined(problems, total=len(found) + len(problems))
    return found


def _joined(problems: Sequence[RowError], *, total: int) -> DataError:
    first, count = problems[0], len(problems)
    if count == 1:
        return first
    if count == total and len({problem.what for problem in problems}) == 1:
        return DataError(f"{first.place} and all other rows: {first.what}", hint=first.hint)
    more = [f"and {count - SHOWN} more"] if count > SHOWN else []
    lines = [f"{count} rows cannot be used:", *(problem.reason for problem in problems[:SHOWN]), *more]
    hints = dict.fromkeys(problem.hint for problem in problems if problem.hint)
    return DataError("\n  ".join(lines), hint=" ".join(list(hints)[:_HINTS_SHOWN]))
