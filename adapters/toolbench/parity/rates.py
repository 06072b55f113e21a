"""Pass rates of two evaluations: StableToolBench's labels, ours of judgements.jsonl, and the rates of both."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

_SCORES: Mapping[str, float] = {"Solved": 1.0, "Unsure": 0.5, "Unsolved": 0.0}
_SAME = 1e-9  # upstream sums in another order


class Labels(NamedTuple):
    """What was said of every query, by round; None where nothing was."""

    statuses: Mapping[str, Sequence[str | None]]

    @property
    def rate(self) -> tuple[float, float]:
        """Return mean and spread of the rounds as StableToolBench counts them: nothing said is nothing solved."""
        rounds = max(map(len, self.statuses.values()), default=0)
        scores = [
            sum(_score(said, number) for said in self.statuses.values()) / len(self.statuses)
            for number in range(rounds)
        ]
        return (statistics.fmean(scores), statistics.pstdev(scores)) if scores else (0.0, 0.0)


def _score(said: Sequence[str | None], number: int) -> float:
    return _SCORES.get(said[number] or "", 0.0) if number < len(said) else 0.0


def upstream(content: Any) -> Labels:
    """Return the labels in a result file of `eval_pass_rate.py`.

    Raises:
        ValueError: it is none.
    """
    found = {}
    for query, entry in content.items() if isinstance(content, dict) else ():
        said = entry.get("is_solved") if isinstance(entry, dict) else None
        if not isinstance(said, dict) or not all(str(number).isdigit() for number in said):
            raise ValueError(f"{query}: is_solved with a label a round is wanted")
        rounds = 1 + max((int(number) for number in said), default=-1)
        labels = {int(number): str(label).rpartition(".")[2] for number, label in said.items()}
        found[str(query)] = [labels.get(number) for number in range(rounds)]
    if not found:
        raise ValueError("a JSON object, labels by query_id, is wanted")
    return Labels(found)


def ours(lines: Iterator[Any]) -> Labels:
    """Return the verdicts of judgements.jsonl."""
    return Labels({str(line["id"]): [part["status"] for part in line["rounds"]] for line in lines})


def differences(mine: Labels, theirs: Labels) -> list[str]:
    """Return in which labels two evaluations differ, and whether their rates do."""
    found = [f"{query}: judged here alone" for query in mine.statuses if query not in theirs.statuses]
    found += [f"{query}: judged there alone" for query in theirs.statuses if query not in mine.statuses]
    for query, said in mine.statuses.items():
        other = theirs.statuses.get(query)
        if other is not None and list(said) != list(other):
            found.append(f"{query}: verdicts: ours {_told(said)}, theirs {_told(other)}")
    pairs = zip(("rate", "spread"), mine.rate, theirs.rate, strict=True)
    return found + [
        f"{name}: ours {left:.6f}, theirs {right:.6f}" for name, left, right in pairs if abs(left - right) > _SAME
    ]


def _told(said: Sequence[str | None]) -> str:
    return ", ".join(label or "none" for label in said)
