"""What the continuations of many requests come to: distinct token sequences, and what is read off each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from adapters.native.evaluator.models.trie import Row


class Target(NamedTuple):
    """One continuation: of which request, which one, and its tokens (the last ones of the sequence that follows)."""

    request: int
    option: int
    tokens: tuple[int, ...]


@dataclass
class ReadSequence:
    """Input tokens, and every continuation that is read off them: one pass serves all single-token labels."""

    tokens: tuple[int, ...]
    targets: list[Target] = field(default_factory=list)

    @property
    def first(self) -> int:
        """Return the first place whose prediction is read."""
        return len(self.tokens) - max(len(target.tokens) for target in self.targets)


# One value per target of each sequence, under the sequence's index.
Values = Mapping[int, list[float]]


class Computation(Protocol):
    """A way to compute likelihoods: which rows make up each batch, and what comes of some of them."""

    @property
    def batches(self) -> Sequence[Sequence[Row]]:
        """Return the batches in the order in which they are computed; every sequence is in one row."""

    def compute(self, rows: Sequence[Row]) -> list[tuple[int, list[float]]]:
        """Return the values of every sequence of rows that belong to one batch."""
