"""Properties of the plan by which sequences share their beginnings."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from adapters.native.evaluator.models.trie import Limits, Plan, Row, common, leaves_first, pack, plan, trie_size

# Few different tokens, so that beginnings are shared.
SEQUENCES = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12).map(tuple), max_size=30, unique=True)
WIDTHS = st.integers(1, 40)
GAINS = st.integers(1, 20)


@st.composite
def asked(draw: st.DrawFn) -> tuple[list[tuple[int, ...]], list[int]]:
    sequences = draw(SEQUENCES)
    return sequences, [draw(st.integers(0, len(tokens) - 1)) for tokens in sequences]


def prefixes(sequences: Sequence[Sequence[int]]) -> set[tuple[int, ...]]:
    return {tuple(tokens[:end]) for tokens in sequences for end in range(1, len(tokens) + 1)}


def stem_tokens(found: Plan, sequences: Sequence[tuple[int, ...]], stem: int | None) -> tuple[int, ...]:
    if stem is None:
        return ()
    entry = found.stems[stem]
    return stem_tokens(found, sequences, entry.parent) + sequences[entry.sequence][entry.start : entry.end]


def members(row: Row, sequences: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    return [sequences[index] for index in row.members]


def computed(found: Plan, sequences: Sequence[tuple[int, ...]]) -> int:
    stems = sum(stem.end - stem.start for stem in found.stems)
    return stems + sum(len(pack(members(row, sequences), row.start).tokens) for row in found.rows)


@given(one=st.lists(st.integers(0, 1)), other=st.lists(st.integers(0, 1)))
def test_the_common_beginning_is_the_longest(one: list[int], other: list[int]) -> None:
    length = common(one, other)

    assert one[:length] == other[:length]
    assert one[length : length + 1] != other[length : length + 1] or length == min(len(one), len(other))


@given(sequences=SEQUENCES)
def test_the_size_of_a_trie_is_the_number_of_different_beginnings(sequences: list[tuple[int, ...]]) -> None:
    assert trie_size(sequences) == len(prefixes(sequences))


@given(sequences=SEQUENCES.map(sorted))
def test_a_row_holds_every_beginning_once(sequences: list[tuple[int, ...]]) -> None:
    packed = pack(sequences, 0)

    assert len(packed.tokens) == len(prefixes(sequences))
    assert [tuple(packed.tokens[index] for index in path) for path in packed.paths] == sequences
    assert all([packed.places[index] for index in path] == list(range(len(path))) for path in packed.paths)


@given(sequences=SEQUENCES.map(sorted))
def test_a_token_of_a_row_sees_those_before_it_in_its_own_sequences_and_no_other(
    sequences: list[tuple[int, ...]],
) -> None:
    packed = pack(sequences, 0)
    expected = {path[place]: set(path[: place + 1]) for path in packed.paths for place in range(len(path))}

    for index in range(len(packed.tokens)):
        assert {other for other in range(index + 1) if index < packed.ends[other]} == expected[index]


@given(asked=asked(), width=WIDTHS, gain=GAINS, reach=WIDTHS)
def test_every_sequence_is_in_one_row_behind_its_own_beginning(
    asked: tuple[list[tuple[int, ...]], list[int]], width: int, gain: int, reach: int
) -> None:
    sequences, firsts = asked
    found = plan(sequences, firsts, Limits(width, gain, reach))

    assert sorted(index for row in found.rows for index in row.members) == list(range(len(sequences)))
    for row in found.rows:
        stem = stem_tokens(found, sequences, row.stem)
        assert len(stem) == row.start
        assert all(tokens[: row.start] == stem for tokens in members(row, sequences))
        assert members(row, sequences) == sorted(members(row, sequences))


@given(asked=asked(), width=WIDTHS, gain=GAINS, reach=WIDTHS)
def test_what_is_read_off_is_never_in_a_stem(
    asked: tuple[list[tuple[int, ...]], list[int]], width: int, gain: int, reach: int
) -> None:
    sequences, firsts = asked

    for row in plan(sequences, firsts, Limits(width, gain, reach)).rows:
        assert all(firsts[index] >= row.start for index in row.members)


@given(asked=asked(), width=WIDTHS, gain=GAINS, reach=WIDTHS)
def test_a_row_is_no_wider_than_asked_but_for_its_own_beginning(
    asked: tuple[list[tuple[int, ...]], list[int]], width: int, gain: int, reach: int
) -> None:
    sequences, firsts = asked

    for row in plan(sequences, firsts, Limits(width, gain, reach)).rows:
        inside = members(row, sequences)
        own = common(inside[0], inside[-1]) - row.start
        assert len(row.members) == 1 or len(pack(inside, row.start).tokens) - own <= width


@given(asked=asked(), width=WIDTHS, gain=GAINS, reach=WIDTHS)
def test_a_plan_computes_no_less_than_the_trie_and_no_more_than_all(
    asked: tuple[list[tuple[int, ...]], list[int]], width: int, gain: int, reach: int
) -> None:
    sequences, firsts = asked

    total = computed(plan(sequences, firsts, Limits(width, gain, reach)), sequences)

    assert trie_size(sequences) <= total <= sum(map(len, sequences))


@given(asked=asked())
def test_what_fits_one_row_is_the_trie(asked: tuple[list[tuple[int, ...]], list[int]]) -> None:
    sequences, firsts = asked

    found = plan(sequences, firsts, Limits(width=1000))

    assert computed(found, sequences) == trie_size(sequences)
    assert len(found.rows) == min(1, len(sequences))


def test_a_long_beginning_of_many_is_computed_once() -> None:
    head = tuple(range(1000))
    sequences = [(*head, 2000 + number, *range(50)) for number in range(20)]

    found = plan(sequences, [1040] * 20)

    assert [(stem.start, stem.end) for stem in found.stems] == [(0, 1000)]
    assert computed(found, sequences) == trie_size(sequences) == 1000 + 20 * 51
    assert len(found.rows) > 1


def test_a_beginning_too_long_for_a_row_is_computed_apart() -> None:
    head = tuple(range(1025))
    sequences = [(*head, 2000, 1), (*head, 2001, 1)]

    found = plan(sequences, [1025, 1025])

    assert [(stem.start, stem.end) for stem in found.stems] == [(0, 1025)]
    assert [row.start for row in found.rows] == [1025]


def test_stems_grow_on_stems() -> None:
    head = tuple(range(500))
    sequences = [(*head, *([topic] * 300), number, *range(60)) for topic in range(3) for number in range(600, 620)]

    found = plan(sequences, [len(tokens) - 1 for tokens in sequences])

    assert [(stem.parent, stem.start, stem.end) for stem in found.stems] == [
        (None, 0, 500),
        (0, 500, 800),
        (0, 500, 800),
        (0, 500, 800),
    ]
    assert computed(found, sequences) == trie_size(sequences)


def test_a_plan_does_not_depend_on_the_order_of_the_sequences() -> None:
    sequences = [(1, 2, number % 7, number) for number in range(50)]
    backwards = sequences[::-1]

    one, other = plan(sequences, [2] * 50, Limits(width=8)), plan(backwards, [2] * 50, Limits(width=8))

    assert [members(row, sequences) for row in one.rows] == [members(row, backwards) for row in other.rows]


@given(asked=asked(), width=WIDTHS, gain=GAINS)
def test_a_stem_is_done_after_those_on_it_and_none_comes_between(
    asked: tuple[list[tuple[int, ...]], list[int]], width: int, gain: int
) -> None:
    stems = plan(*asked, Limits(width, gain)).stems
    order = leaves_first(stems)

    def line(stem: int | None) -> list[int]:
        return [] if stem is None else [*line(stems[stem].parent), stem]

    computed: list[int] = []
    kept: list[int] = []
    for stem in order:
        computed += [entry for entry in line(stem) if entry not in kept]
        kept = line(stem)
    assert sorted(order) == sorted(computed) == list(range(len(stems)))
