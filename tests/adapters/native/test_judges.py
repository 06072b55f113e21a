"""Scoring beside the asking."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from adapters.native.evaluator.errors import DataError, EndedError
from adapters.native.evaluator.judges import Judges
from adapters.native.evaluator.request import Outcome
from adapters.native.evaluator.score import Scored


class Bench:
    """Scores when it is let; answer `bad` cannot be scored."""

    def __init__(self) -> None:
        self.let = threading.Event()

    def score(self, index: int, outcome: Outcome) -> Scored:
        assert self.let.wait(10)
        if outcome.text == "bad":
            raise DataError("bad")
        return Scored(outcome.text, outcome.text, {"pass@1": float(index)})


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Return a bench whose threads end with the test."""
    found = Bench()
    yield found
    found.let.set()


def test_what_is_given_comes_back_scored(bench: Bench) -> None:
    with Judges(bench.score, threads=2) as judges:
        for index in range(3):
            judges.give(index, Outcome(text=str(index)))
        assert list(judges.take()) == []
        bench.let.set()

        found = list(judges.take_rest(lambda: False))

    assert sorted((judged.number, judged.scored.answer) for judged in found) == [(0, "0"), (1, "1"), (2, "2")]


def test_what_scoring_raises_is_raised_where_results_are_taken(bench: Bench) -> None:
    bench.let.set()
    with Judges(bench.score, threads=1) as judges:
        judges.give(0, Outcome(text="bad"))

        with pytest.raises(DataError, match="bad"):
            list(judges.take_rest(lambda: False))


def test_a_job_that_is_ended_waits_no_longer(bench: Bench) -> None:
    with Judges(bench.score, threads=1) as judges:
        judges.give(0, Outcome(text="0"))

        with pytest.raises(EndedError):
            list(judges.take_rest(lambda: True))


def test_what_was_scored_is_saved_from_what_could_not_be(bench: Bench) -> None:
    bench.let.set()
    with Judges(bench.score, threads=1) as judges:
        for index, text in enumerate(("good", "bad", "good")):
            judges.give(index, Outcome(text=text))
        with pytest.raises(DataError):
            list(judges.take_rest(lambda: False))
        bench.let.clear()
        judges.give(3, Outcome(text="late"))

        found = {judged.number for judged in judges.salvage()}

    assert found <= {0, 2}


def test_nobody_waits_for_what_is_under_way(bench: Bench) -> None:
    with Judges(bench.score, threads=2) as judges:
        before = set(threading.enumerate())
        for number in range(3):
            judges.give(number, Outcome(text=str(number)))
        began = set(threading.enumerate()) - before

    assert len(began) == 2
    assert all(thread.daemon for thread in began)
    bench.let.set()
    for thread in began:
        thread.join(10)  # what was under way ends, and the third answer is not begun
    assert len(list(judges.take())) == 2
