"""What became of the calls of a job's last start: answered or lost, by role and data set, and by sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from hub.ledger import LedgerRow
from hub.report import SampleState

_FATES = {"invalid_request": SampleState.MODEL_ERROR, "budget_spent": SampleState.SKIPPED}
_LEFT = "the client left before the answer came, and did not ask again"


class Lost(NamedTuple):
    """A call that was never answered.

    Attributes:
        fate: what that makes of its sample.
        error: why.
        sample: the sample's id where it is known.
        tried: the model was asked, once at least.
        left: nobody waited for the answer any more.
    """

    fate: SampleState
    error: str
    sample: str
    tried: bool = False
    left: bool = False


@dataclass
class Calls:
    """What became of the calls of one role for one data set; a call is known by its key and number.

    Attributes:
        answered: how many calls got their answer.
        lost: those that did not; a client that asked again, and then was answered, lost nothing.
    """

    answered: int = 0
    lost: dict[object, Lost] = field(default_factory=dict)
    # 64 bits of each: the keys themselves would be most of the memory.
    _answered: set[int] = field(default_factory=set)

    def add(self, row: LedgerRow) -> None:
        """Take in one row."""
        call = (row.key, row.number, row.sample)
        if not row.failed:
            self.answered += 1
            self._answered.add(hash(call))
            self.lost.pop(call, None)
        elif not row.key:  # refused before it had one: nothing can be known to be the same call
            self.lost[object()] = _lost(row)
        elif hash(call) not in self._answered:
            self.lost[call] = _lost(row, self.lost.get(call))

    def __add__(self, other: Calls) -> Calls:
        """Return both as one."""
        return Calls(self.answered + other.answered, {**self.lost, **other.lost})

    def fates(self, among: Callable[[Lost], bool] = lambda _lost: True) -> Counter[SampleState]:
        """Return how many samples met which fate; calls of one named sample are one, all others one each.

        `among`: which of the lost calls count.
        """
        found = [lost for lost in self.lost.values() if among(lost)]
        named = {lost.sample: lost.fate for lost in found if lost.sample}
        return Counter([*named.values(), *(lost.fate for lost in found if not lost.sample)])

    def most_frequent_error(self) -> str:
        """Return what was said most often."""
        errors = Counter(lost.error for lost in self.lost.values())
        return errors.most_common(1)[0][0] if errors else ""


@dataclass
class Asked:
    """What one sample's answers took, all its calls together; seconds since the epoch."""

    begun: float
    ended: float
    tokens_in: int | None = None
    tokens_out: int | None = None
    cached: bool = False

    def add(self, row: LedgerRow) -> None:
        """Take in one more answer."""
        self.begun = min(self.begun, row.at)
        self.ended = max(self.ended, row.at + row.latency_ms / 1000)
        self.cached |= row.cached
        self.tokens_in = _sum(self.tokens_in, row.tokens_in)
        self.tokens_out = _sum(self.tokens_out, row.tokens_out)

    @property
    def latency_s(self) -> float | None:
        """Return the time from the first question to the last answer; a cache's says nothing about the model."""
        return None if self.cached else round(self.ended - self.begun, 6)


@dataclass
class Account:
    """Everything that the rows of one start say."""

    calls: dict[tuple[str, str], Calls] = field(default_factory=dict)
    asked: dict[tuple[str, str], Asked] = field(default_factory=dict)

    def of(self, role: str, dataset: str, known: Iterable[str]) -> Calls:
        """Return a role's calls for a data set; those under no name of `known` may be any data set's."""
        mine = self.calls.get((role, dataset), Calls())
        for _, calls in self._stray(role, known):
            mine = mine + calls
        return mine

    def lost_samples(self) -> Mapping[tuple[str, str], Lost]:
        """Return, by data set and id, the named samples that lost a call; the candidate's outweighs the judge's."""
        found: dict[tuple[str, str], Lost] = {}
        for (role, dataset), calls in sorted(self.calls.items(), reverse=True):  # the judge first
            for lost in calls.lost.values():
                if lost.sample:
                    fate = SampleState.JUDGE_FALLBACK if role == "judge" else lost.fate
                    found[dataset, lost.sample] = lost._replace(fate=fate)
        return found

    def _stray(self, role: str, known: Iterable[str]) -> Iterator[tuple[str, Calls]]:
        names = set(known)
        return ((name, calls) for (other, name), calls in self.calls.items() if other == role and name not in names)


def read_account(rows: Iterable[LedgerRow], start: int) -> Account:
    """Return the account of one start of a job; rows of its other starts are passed over."""
    account = Account()
    for row in rows:
        if row.session != start or not row.asks_model:
            continue
        account.calls.setdefault((row.role, row.dataset), Calls()).add(row)
        if row.sample and row.role == "candidate" and not row.failed:
            place = (row.dataset, row.sample)
            account.asked.setdefault(place, Asked(row.at, row.at)).add(row)
    return account


def _lost(row: LedgerRow, before: Lost | None = None) -> Lost:
    """Return what a row tells of a call; `before`: what an earlier one told of the same."""
    left = row.outcome in {"ok", "client_left"}
    error = _LEFT if left else row.error or row.outcome
    tried = row.attempts > 0 or (before is not None and before.tried)
    return Lost(_FATES.get(row.outcome, SampleState.INFRA_ERROR), error, row.sample, tried, left)


def _sum(known: int | None, more: int | None) -> int | None:
    return known if more is None else (known or 0) + more
