"""Which row is being judged."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.vlmevalkit.runner import rows


class Series(dict[str, Any]):
    """Stands in for pandas' row."""


def test_a_step_says_which_row_its_inputs_have() -> None:
    seen = []

    def step(number: int, _function: object, _inputs: object) -> int:
        seen.append(rows.current())
        return number

    assert rows.watched(step)(3, None, {"model": object(), "line": Series(index=7)}) == 3
    assert (seen, rows.current()) == (["7"], "")


def test_a_row_within_a_row_is_left_again() -> None:
    with rows.at("1"):
        with rows.at("2"):
            assert rows.current() == "2"
        assert rows.current() == "1"


@pytest.mark.parametrize("inputs", [None, "text", (1, 2), {"model": 1}, [Series(other=1)]])
def test_without_a_row_there_is_none(inputs: object) -> None:
    assert rows.row_of(inputs) == ""
