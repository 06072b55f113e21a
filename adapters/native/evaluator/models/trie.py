"""Plan how token sequences share their beginnings: which prefix is computed once, and what is packed into one row.

Sorted, the sequences are a trie whose branches lie side by side. A run of neighbours becomes one row, in which every
token stands once. Where the beginning of many rows is the same and long, it becomes a stem: computed once, kept as
keys and values, and looked at by all its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

Tokens = tuple[int, ...]

# A row's tokens behind its own common beginning: each looks at all the others, so that wide rows cost attention and
# narrow ones share less.
WIDTH = 192
# A stem is a pass of its own and keeps its rows from sharing a batch with others: it must save that many tokens.
GAIN = 128
# A row's own common beginning; a longer one becomes a stem, because a row has a mask of its length squared.
REACH = 1024


class Stem(NamedTuple):
    """Tokens `start` to `end` of a sequence, behind those of the parent stem (None: at the beginning)."""

    parent: int | None
    sequence: int
    start: int
    end: int


class Row(NamedTuple):
    """Sequences computed as one row, sorted; `start`: how many tokens of each are its stem's."""

    stem: int | None
    start: int
    members: tuple[int, ...]


class Plan(NamedTuple):
    """All stems, every parent before its children, and the rows; each sequence is in one row."""

    stems: tuple[Stem, ...]
    rows: tuple[Row, ...]


class Packed(NamedTuple):
    """A row's tokens, each once.

    Attributes:
        places: how many tokens are in front of each in its own sequence.
        ends: where the tokens end that have it in front of them: token i is seen by those from i to before ends[i].
        paths: for each sequence where its tokens stand, those of the stem left out.
    """

    tokens: list[int]
    places: list[int]
    ends: list[int]
    paths: list[list[int]]


def common(one: Sequence[object], other: Sequence[object]) -> int:
    """Return the length of the common beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def trie_size(sequences: Sequence[Tokens]) -> int:
    """Return how many tokens must be computed at least: the nodes of the trie."""
    ordered = sorted(sequences)
    shared = [0, *(common(a, b) for a, b in pairwise(ordered))]
    return sum(len(tokens) - count for tokens, count in zip(ordered, shared, strict=False))


def leaves_first(stems: Sequence[Stem]) -> list[int]:
    """Return the stems' numbers so that a stem's rows come after those of all stems that grow on it.

    At any time only a stem and those in front of it need to be kept.
    """
    done: list[int] = []
    line: list[int] = []
    for number, stem in enumerate(stems):
        while line and line[-1] != stem.parent:
            done.append(line.pop())
        line.append(number)
    return done + line[::-1]


def pack(sequences: Sequence[Tokens], start: int) -> Packed:
    """Return the row of sorted sequences whose first `start` tokens are a stem's."""
    packed = Packed([], [], [], [])
    path: list[int] = []
    before: Tokens = ()
    for tokens in sequences:
        kept = max(0, common(before, tokens) - start)
        for index in path[kept:]:
            packed.ends[index] = len(packed.tokens)
        fresh = range(len(packed.tokens), len(packed.tokens) + len(tokens) - start - kept)
        packed.tokens.extend(tokens[start + kept :])
        packed.places.extend(range(start + kept, len(tokens)))
        packed.ends.extend([0] * len(fresh))
        path = [*path[:kept], *fresh]
        packed.paths.append(path)
        before = tokens
    for index in path:
        packed.ends[index] = len(packed.tokens)
    return packed


class Limits(NamedTuple):
    """What a plan obeys: the width of a row, what a stem must save, and how long a row's own beginning may be."""

    width: int = WIDTH
    gain: int = GAIN
    reach: int = REACH


def plan(sequences: Sequence[Tokens], firsts: Sequence[int], limits: Limits = Limits()) -> Plan:  # noqa: B008 - frozen
    """Return the plan for distinct sequences; `firsts`: the first place of each that is read, which ends a stem."""
    return _Planner(sequences, firsts, limits).plan()


class _Run(NamedTuple):
    """Neighbours in the sorted order, `low` to before `high`, under a stem that holds `start` tokens of each."""

    low: int
    high: int
    stem: int | None
    start: int


class _Planner:
    """Cuts the sorted sequences into runs: down the trie, until what is below a node fits a row."""

    def __init__(self, sequences: Sequence[Tokens], firsts: Sequence[int], limits: Limits) -> None:
        self._order = sorted(range(len(sequences)), key=lambda index: sequences[index])
        self._tokens = [sequences[index] for index in self._order]
        self._firsts = [firsts[index] for index in self._order]
        self._limits = limits
        # How much each has in common with the one before it, and how many tokens all up to it add to one.
        self._common = [0, *(common(a, b) for a, b in pairwise(self._tokens))]
        self._added = [0]
        for tokens, shared in zip(self._tokens, self._common, strict=False):
            self._added.append(self._added[-1] + len(tokens) - shared)
        self._stems: list[Stem] = []
        self._rows: list[_Run] = []

    def plan(self) -> Plan:
        """Walk the trie in order; the stack holds what is still to be looked at, the next on top."""
        stack = [_Run(0, len(self._order), None, 0)] if self._order else []
        while stack:
            run = stack.pop()
            if run.high - run.low == 1 or self._fits(run):
                self._add(run)
            else:
                stem, start = self._stem(run)
                stack += [_Run(low, high, stem, start) for low, high in reversed(self._children(run))]
        rows = [Row(run.stem, run.start, tuple(self._order[run.low : run.high])) for run in self._rows]
        return Plan(tuple(self._stems), tuple(rows))

    def _depth(self, run: _Run) -> int:
        return min(self._common[run.low + 1 : run.high], default=len(self._tokens[run.low]))

    def _branch(self, run: _Run) -> int:
        """Return how many tokens the run has behind its common beginning."""
        added = self._added[run.high] - self._added[run.low + 1]
        return len(self._tokens[run.low]) - self._depth(run) + added

    def _fits(self, run: _Run) -> bool:
        return self._branch(run) <= self._limits.width and self._depth(run) - run.start <= self._limits.reach

    def _children(self, run: _Run) -> list[tuple[int, int]]:
        depth = self._depth(run)
        cuts = [index for index in range(run.low + 1, run.high) if self._common[index] == depth]
        return list(zip([run.low, *cuts], [*cuts, run.high], strict=True))

    def _stem(self, run: _Run) -> tuple[int | None, int]:
        """Return the stem of what is below a node, and its length: a new one where it saves enough."""
        end = min(self._depth(run), *self._firsts[run.low : run.high])
        saved = (end - run.start) * (-(-self._branch(run) // self._limits.width) - 1)
        if saved < self._limits.gain and end - run.start <= self._limits.reach:
            return run.stem, run.start
        self._stems.append(Stem(run.stem, self._order[run.low], run.start, end))
        return len(self._stems) - 1, end

    def _add(self, run: _Run) -> None:
        """Append a run to the last row where both fit one, else begin a row."""
        last = self._rows[-1] if self._rows else None
        if last and last.stem == run.stem and last.high == run.low:
            both = run._replace(low=last.low)
            if self._fits(both):
                self._rows[-1] = both
                return
        self._rows.append(run)
