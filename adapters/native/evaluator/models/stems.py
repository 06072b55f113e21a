"""Beginnings that prompts share: found in a trie, computed when first needed, and kept for a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.packed_pass import Layers, grown
from adapters.native.evaluator.models.trie import Limits, Tokens, plan


@dataclass(eq=False)
class Beginning:
    """The first tokens of some prompts; `parent`: fewer of them; `layers`: keys and values while they are kept."""

    tokens: Tokens
    parent: Beginning | None
    layers: Layers | None = None


@dataclass(frozen=True)
class Sharing:
    """Prompts, each once, in an order in which those that share much stand together, and the beginning of each."""

    order: list[Tokens]
    beginnings: list[Beginning | None]


class Stems:
    """Knows the beginnings of prompts that have come so far; keeps those that were used last."""

    def __init__(self, checkpoint: Checkpoint, limits: Limits) -> None:
        """Keep the model; as many tokens of beginnings are kept as a batch may have."""
        self._checkpoint = checkpoint
        self._limits = limits
        self._kept: dict[Tokens, Beginning] = {}

    def share(self, prompts: Sequence[Tokens]) -> Sharing:
        """Return what distinct prompts share with each other, or with former ones whose beginning is still kept.

        The group with the longest prompt comes first, and so in each group the row of prompts with the longest.
        """
        found = plan(prompts, [len(tokens) - 1 for tokens in prompts], self._limits)
        stems: list[Beginning] = []
        for stem in found.stems:
            tokens = prompts[stem.sequence][: stem.end]
            parent = None if stem.parent is None else stems[stem.parent]
            stems.append(self._kept.get(tokens) or Beginning(tokens, parent))
        longest: dict[int | None, int] = {}
        rows = [(max(len(prompts[index]) for index in row.members), row) for row in found.rows]
        for length, row in rows:
            longest[row.stem] = max(length, longest.get(row.stem, 0))
        rows.sort(
            key=lambda entry: (-longest[entry[1].stem], -1 if entry[1].stem is None else entry[1].stem, -entry[0])
        )
        sharing = Sharing([], [])
        for _, row in rows:
            for index in row.members:
                sharing.order.append(prompts[index])
                sharing.beginnings.append(
                    self._longest(prompts[index], None if row.stem is None else stems[row.stem])
                )
        return sharing

    def layers(self, beginning: Beginning | None) -> Layers:
        """Return keys and values of a beginning; what was used longest ago is forgotten."""
        if beginning is None:
            return []
        before = self.layers(beginning.parent) if beginning.layers is None else []
        if beginning.layers is None:
            start = len(beginning.parent.tokens) if beginning.parent else 0
            beginning.layers = grown(self._checkpoint, before, beginning.tokens[start:])
        self._kept.pop(beginning.tokens, None)
        self._kept[beginning.tokens] = beginning
        while len(self._kept) > 1 and sum(map(len, self._kept)) > self._checkpoint.batch_tokens:
            self._kept.pop(next(iter(self._kept))).layers = None
        return beginning.layers

    def forget(self) -> None:
        """Keep nothing any more; what is needed is computed again."""
        for beginning in self._kept.values():
            beginning.layers = None
        self._kept.clear()

    def _longest(self, tokens: Tokens, found: Beginning | None) -> Beginning | None:
        """Return the longest beginning that is known: one that was found, or one that is kept."""
        best = found
        for kept in self._kept.values():
            length = len(kept.tokens)
            if (len(best.tokens) if best else 0) < length < len(tokens) and tokens[:length] == kept.tokens:
                best = kept
        return best
