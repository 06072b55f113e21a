"""Properties of the batches into which rows are grouped."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapters.native.evaluator.models.batches import batches

LENGTHS = st.lists(st.integers(0, 50), max_size=40)
COUNTS = st.integers(1, 200)
SLACKS = st.floats(0, 1)


@given(lengths=LENGTHS, budget=COUNTS, rows=COUNTS, slack=SLACKS)
def test_every_row_is_in_one_batch_longest_first(lengths: list[int], budget: int, rows: int, slack: float) -> None:
    found = [index for batch in batches(lengths, budget=budget, rows=rows, slack=slack) for index in batch]

    assert sorted(found) == list(range(len(lengths)))
    assert [lengths[index] for index in found] == sorted(lengths, reverse=True)


@given(lengths=LENGTHS, budget=COUNTS, rows=COUNTS, slack=SLACKS)
def test_a_batch_of_several_rows_keeps_to_its_limits(
    lengths: list[int], budget: int, rows: int, slack: float
) -> None:
    for batch in batches(lengths, budget=budget, rows=rows, slack=slack):
        longest = max(lengths[index] for index in batch)
        assert len(batch) <= rows
        assert len(batch) == 1 or len(batch) * longest <= budget
        assert all(lengths[index] >= longest * (1 - slack) for index in batch)
