"""Several answers to one question."""

from __future__ import annotations

import itertools

import pytest

from adapters.native.evaluator.repeats import majority, pass_at_k, question_scores
from adapters.native.evaluator.score import Scored


def scored(answer: str | None, right: float) -> Scored:
    """Return a scored answer."""
    return Scored(answer, answer or "", {"accuracy": right})


@pytest.mark.parametrize(("n", "right"), [(1, 0), (1, 1), (5, 2), (6, 0), (6, 6), (7, 3)])
def test_pass_at_k_is_the_share_of_draws_with_a_right_answer(n: int, right: int) -> None:
    marks = [index < right for index in range(n)]
    for k in range(1, n + 1):
        draws = list(itertools.combinations(marks, k))
        assert pass_at_k(n, right, k) == pytest.approx(sum(map(any, draws)) / len(draws))


def test_pass_at_k_of_many_answers_is_exact() -> None:
    assert pass_at_k(200, 1, 100) == pytest.approx(0.5)
    assert pass_at_k(1000, 0, 100) == 0.0


def test_the_majority_counts_whatever_single_answers_are_worth() -> None:
    answers = [scored("4", 0.0), scored("5", 1.0), scored("4", 0.0)]

    assert majority(answers, "accuracy") == 0.0
    assert majority([*answers, scored("5", 1.0), scored("5", 1.0)], "accuracy") == 1.0


def test_a_tie_goes_to_the_answer_given_first_and_nothing_does_not_vote() -> None:
    assert majority([scored(None, 0.0), scored(None, 0.0), scored("5", 1.0), scored("4", 0.0)], "accuracy") == 1.0
    assert majority([scored(None, 0.0)], "accuracy") == 0.0


def test_every_question_counts_the_same_however_many_of_its_answers_were_scored() -> None:
    questions = [[scored("5", 1.0)], [scored("4", 0.0), scored("4", 0.0), scored("5", 1.0)], []]

    found = question_scores(questions, headline="accuracy", repeats=3, pass_at=(2, 3), vote=True)

    assert found["accuracy"] == [1.0, pytest.approx(1 / 3)]
    assert found["pass@2"] == [pytest.approx(2 / 3)]  # the first has one scored answer only
    assert found["pass@3"] == [1.0]
    assert found["majority@3"] == [1.0, 0.0]


def test_scores_between_0_and_1_have_a_mean_alone() -> None:
    found = question_scores(
        [[scored("a", 0.5), scored("b", 1.0)]], headline="accuracy", repeats=2, pass_at=(2,), vote=True
    )

    assert found == {"accuracy": [0.75]}


def test_programs_do_not_vote() -> None:
    found = question_scores([[scored("a", 1.0)] * 2], headline="accuracy", repeats=2, pass_at=(2,), vote=False)

    assert set(found) == {"accuracy", "pass@2"}


def test_a_number_is_the_same_however_it_is_written() -> None:
    answers = [scored("17", 0.0), scored("18.0", 1.0), scored("17", 0.0), scored("18.00", 1.0), scored("18", 1.0)]

    assert majority(answers, "accuracy") == 1.0
    assert majority([scored("180", 0.0), scored("18", 1.0), scored("180", 0.0)], "accuracy") == 0.0
