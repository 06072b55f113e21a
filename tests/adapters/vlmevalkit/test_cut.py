"""Which rows stay under a limit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapters.vlmevalkit.cut import kept

ROWS = st.lists(st.tuples(st.sampled_from("xy"), st.sampled_from("abcd")), max_size=20)


def test_rows_that_stand_alone_are_the_first_ones() -> None:
    assert kept(2, range(4), [""] * 4) == [0, 1]


def test_a_pair_is_not_cut_apart() -> None:
    assert kept(3, ["a", "a", "b", "b", "c", "c"], [""] * 6) == [0, 1, 2, 3]


def test_rotations_at_the_end_come_with_their_question() -> None:
    assert kept(2, ["a", "b", "c", "a", "b", "c"], [""] * 6) == [0, 3]


def test_each_part_is_cut_by_itself() -> None:
    assert kept(1, range(4), ["x", "x", "y", "y"]) == [0, 2]


@given(ROWS, st.integers(1, 20))
def test_groups_are_whole_and_every_part_has_as_many_rows_as_it_can(rows: list[tuple[str, str]], limit: int) -> None:
    parts, groups = [part for part, _ in rows], [group for _, group in rows]

    found = [rows[position] for position in kept(limit, groups, parts)]

    assert all(found.count(row) == rows.count(row) for row in found)
    for part in set(parts):
        stayed = sum(row[0] == part for row in found)
        assert stayed >= min(limit, parts.count(part))
