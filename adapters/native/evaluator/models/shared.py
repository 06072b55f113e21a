"""Log-likelihoods with what sequences share computed once: rows packed from a trie, behind stems that are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from adapters.native.evaluator.models.batches import batches
from adapters.native.evaluator.models.chances import log_chances
from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.packed_pass import grown, packed_pass
from adapters.native.evaluator.models.plain import Plain
from adapters.native.evaluator.models.sequences import ReadSequence
from adapters.native.evaluator.models.trie import Packed, Row, leaves_first, pack, plan

# The share of a packed row that may be padding: more batches cost less than more tokens.
_SLACK = 0.15
# On a CPU a pass of more tokens than its caches hold takes longer for each: a tenth at 4,096, on 3 and on 85 million
# weights.
_CPU_TOKENS = 1024


class _Measured(NamedTuple):
    """A row, its length, and which of its sequences has most tokens of others in front of it, and how many."""

    row: Row
    length: int
    foreign: int
    telling: int


class Shared:
    """Computes the rows of a plan; a stem when the first of its batches is computed."""

    def __init__(self, checkpoint: Checkpoint, sequences: Sequence[ReadSequence]) -> None:
        """Plan stems, rows and batches; nothing is computed yet."""
        self._checkpoint = checkpoint
        self._sequences = sequences
        self._plain = Plain(checkpoint, sequences)
        found = plan([sequence.tokens for sequence in sequences], [sequence.first for sequence in sequences])
        self._stems = found.stems
        self._kept: dict[int, Any] = {}
        stems: dict[int | None, list[_Measured]] = {stem: [] for stem in (*leaves_first(found.stems), None)}
        for row in found.rows:
            stems[row.stem].append(self._measured(row))
        groups = [self._cut(rows) for rows in stems.values() if rows]
        self.batches = [[entry.row for entry in batch] for batch in _telling_first(groups)]
        rows = [entry for group in stems.values() for entry in group]
        self.tokens = sum(stem.end - stem.start for stem in found.stems) + sum(entry.length for entry in rows)

    @property
    def telling(self) -> int:
        """Return the sequence of the first batch with most foreign tokens in front of it.

        A mask, positions or a stem that the model does not obey show in its values.
        """
        return max(map(self._measured, self.batches[0]), key=lambda entry: (entry.foreign, entry.length)).telling

    def compute(self, rows: Sequence[Row]) -> list[tuple[int, list[float]]]:
        """Return the values of every sequence of rows that have one stem."""
        import torch

        if rows[0].stem is None and all(len(row.members) == 1 for row in rows):
            return self._plain.compute(rows)
        packed = [self._packed(row) for row in rows]
        with torch.inference_mode():
            stem = self._stem(rows[0].stem)
            places = _Places()
            for number, (row, entry) in enumerate(zip(rows, packed, strict=True)):
                for index, path in zip(row.members, entry.paths, strict=True):
                    places.read(number, path, self._sequences[index])
            logits = packed_pass(self._checkpoint, packed, stem, list(places.found)).logits
            chances = iter(log_chances(logits, places.rows, places.tokens))
        members = [index for row in rows for index in row.members]
        return [(index, _sums(self._sequences[index], chances)) for index in members]

    def _packed(self, row: Row) -> Packed:
        return pack([self._sequences[index].tokens for index in row.members], row.start)

    def _measured(self, row: Row) -> _Measured:
        packed = self._packed(row)
        foreign, index = max(
            (path[-1] + 1 - len(path), index) for path, index in zip(packed.paths, row.members, strict=True)
        )
        return _Measured(row, len(packed.tokens), foreign, index)

    def _cut(self, rows: Sequence[_Measured]) -> list[list[_Measured]]:
        budget, most = self._checkpoint.batch_tokens, self._checkpoint.batch_rows
        if self._checkpoint.device == "cpu":
            budget = min(budget, _CPU_TOKENS)
        groups = batches([entry.length for entry in rows], budget=budget, rows=most, slack=_SLACK)
        return [[rows[index] for index in group] for group in groups]

    def _stem(self, stem: int | None) -> Any:
        """Return the layers of a stem, and forget those that are not in front of it."""
        line = self._line(stem)
        self._kept = {entry: layers for entry, layers in self._kept.items() if entry in line}
        layers: Any = []
        for entry in line:
            if entry not in self._kept:
                start, end = self._stems[entry].start, self._stems[entry].end
                tokens = self._sequences[self._stems[entry].sequence].tokens[start:end]
                self._kept[entry] = grown(self._checkpoint, layers, tokens)
            layers = self._kept[entry]
        return layers

    def _line(self, stem: int | None) -> list[int]:
        """Return a stem and those in front of it, the first one first."""
        line: list[int] = []
        while stem is not None:
            line.append(stem)
            stem = self._stems[stem].parent
        return line[::-1]


def _telling_first(groups: Sequence[list[list[_Measured]]]) -> list[list[_Measured]]:
    """Return all batches, first one that shows whether the model allows what is done with it.

    That is one of rows under a stem in which sequences stand behind each other. Its group is computed first, so that
    its stem is not computed again.
    """
    telling = [max(entry.foreign for batch in group for entry in batch) for group in groups]
    lead = next((number for number, foreign in enumerate(telling) if foreign), 0)
    ordered = [groups[lead], *groups[:lead], *groups[lead + 1 :]]
    first = max(ordered[0], key=lambda batch: max(entry.foreign for entry in batch))
    return [first, *(batch for group in ordered for batch in group if batch is not first)]


class _Places:
    """Where logits are needed, each once, and which tokens' log-probabilities are read there."""

    def __init__(self) -> None:
        self.found: dict[tuple[int, int], int] = {}
        self.rows: list[int] = []
        self.tokens: list[int] = []

    def read(self, row: int, path: Sequence[int], sequence: ReadSequence) -> None:
        for target in sequence.targets:
            for place in path[len(path) - len(target.tokens) :]:
                self.rows.append(self.found.setdefault((row, place), len(self.found)))
            self.tokens.extend(target.tokens)


def _sums(sequence: ReadSequence, chances: Iterator[float]) -> list[float]:
    return [sum(next(chances) for _ in target.tokens) for target in sequence.targets]
