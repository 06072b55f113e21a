"""Who read the answers, and what chance draws."""

from __future__ import annotations

import pytest

from adapters.vlmevalkit.runner import rows
from adapters.vlmevalkit.runner.reading import Reading


def drawn(seed: int) -> list[str]:
    found = []
    for row in range(20):
        with rows.at(str(row)):
            found.append(Reading(seed).choice("ABCDZ"))
    return found


def test_what_is_drawn_hangs_on_seed_and_row() -> None:
    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert len(set(drawn(1))) > 1


@pytest.mark.parametrize(("kind", "reader"), [("VQA", "judge"), ("MCQ", "")])
def test_where_answers_are_read_in_other_ways_nobody_is_counted(kind: str, reader: str) -> None:
    assert Reading(1).counts(kind, reader, 5) == {"judged": None, "matched": None, "guessed": None}


def test_what_neither_judge_nor_chance_read_was_matched() -> None:
    assert Reading(1).counts("Y/N", "exact_matching", 5) == {"judged": 0, "matched": 5, "guessed": 0}
