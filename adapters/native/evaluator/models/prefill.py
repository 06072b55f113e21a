"""Compute prompts before their answers: what many begin with once, and the rest of them side by side."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from adapters.native.evaluator.models.answers import UnderWay
from adapters.native.evaluator.models.batches import batches
from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.packed_pass import Layers, packed_pass
from adapters.native.evaluator.models.stems import Stems
from adapters.native.evaluator.models.trie import Limits, Packed, Tokens, common, pack, plan

# The share of a pass that may be padding: more passes cost less than more tokens.
_SLACK = 0.15


class Pick(NamedTuple):
    """Where the tokens of a prompt behind its stem stand in a pass: in which row, and at which places of it."""

    row: int
    places: Sequence[int]


class Computed(NamedTuple):
    """Prompts that were computed in one pass: a line of logits, the layers and a pick for each."""

    rows: list[UnderWay]
    logits: Any
    stem: Layers
    layers: Layers
    picks: list[Pick]


class Prefill:
    """Plans and computes prompts."""

    def __init__(self, checkpoint: Checkpoint, limits: Limits) -> None:
        """Keep the model; nothing is computed yet."""
        self._checkpoint = checkpoint
        self._stems = Stems(checkpoint, limits)
        # What is computed together shares inside its row; stems are those of all prompts.
        self._inside = limits._replace(gain=sys.maxsize, reach=sys.maxsize)

    def forget(self) -> None:
        """Keep no beginning any more; what is needed is computed again."""
        self._stems.forget()

    def plan(self, rows: Iterable[UnderWay]) -> list[UnderWay]:
        """Find out what rows share, and return them in the order in which that saves most."""
        alike: dict[Tokens, list[UnderWay]] = {}
        for row in rows:
            alike.setdefault(tuple(row), []).append(row)
        sharing = self._stems.share(list(alike))
        for tokens, beginning in zip(sharing.order, sharing.beginnings, strict=True):
            for row in alike[tokens]:
                row.beginning = beginning
        return [row for tokens in sharing.order for row in alike[tokens]]

    def compute(self, rows: Sequence[UnderWay]) -> Iterator[Computed]:
        """Compute rows that have the same beginning, in as few passes as a batch's tokens allow."""
        alike: dict[Tokens, list[UnderWay]] = {}
        for row in rows:
            alike.setdefault(tuple(row), []).append(row)
        prompts, start = list(alike), len(rows[0].beginning.tokens) if rows[0].beginning else 0
        found = [row.members for row in plan(prompts, [len(tokens) - 1 for tokens in prompts], self._inside).rows]
        packed = [pack([prompts[index] for index in members], start) for members in found]
        budget, most = self._checkpoint.batch_tokens, self._checkpoint.batch_rows
        for group in batches([len(entry.tokens) for entry in packed], budget=budget, rows=most, slack=_SLACK):
            members = [[alike[prompts[index]] for index in found[number]] for number in group]
            yield self._pass(members, [packed[number] for number in group], self._stems.layers(rows[0].beginning))

    def _pass(
        self, members: Sequence[Sequence[Sequence[UnderWay]]], packed: Sequence[Packed], stem: Layers
    ) -> Computed:
        """Compute packed rows; `members`: for each path of each row, who has these tokens."""
        places = [(number, path[-1]) for number, entry in enumerate(packed) for path in entry.paths]
        passed = packed_pass(self._checkpoint, packed, stem, places, keep=True)
        computed, lines = Computed([], None, stem, passed.layers, []), []
        paths = ((number, path) for number, entry in enumerate(packed) for path in entry.paths)
        owners = (rows for entry in members for rows in entry)
        for line, ((number, path), rows) in enumerate(zip(paths, owners, strict=True)):
            computed.rows.extend(rows)
            computed.picks.extend([Pick(number, path)] * len(rows))
            lines.extend([line] * len(rows))
        return computed._replace(logits=passed.logits[lines])


def added(row: UnderWay, before: UnderWay | None) -> int:
    """Return how many tokens a row adds to a pass: those behind its beginning that the row before does not have."""
    shared = len(row.beginning.tokens) if row.beginning else 0
    if before is not None:
        shared = max(shared, common(tuple(before), tuple(row)))
    return max(1, len(row) - shared)
