"""What a row of VLMEvalKit's says of a sample."""

from __future__ import annotations

import pytest

from adapters.vlmevalkit.items import Item, item

MATCHED = "Match Log: B. "
NOT_MATCHED = "Match Log: Failed in Prefetch, no GPT-based answer matching under `exact_matching` policy.. "
GUESSED = "Match Log: Failed to predict, thus randomly generate one. . "


def test_a_choice_is_a_hit_or_none() -> None:
    assert item("hit", {"hit": "1", "log": MATCHED}) == Item(score=1.0)
    assert item("hit", {"hit": "0.0", "log": MATCHED}) == Item(score=0.0)


def test_a_choice_that_matching_found_nothing_in_was_not_read() -> None:
    assert item("hit", {"hit": "0", "log": NOT_MATCHED}) == Item(score=0.0, unread=True)


def test_an_option_that_vlmevalkit_drew_is_no_verdict() -> None:
    assert item("hit", {"hit": "1", "log": GUESSED}) == Item(score=1.0, unjudged=True)


def test_yes_or_no_is_right_or_wrong() -> None:
    assert item("extracted", {"extracted": "Yes", "score": "True"}) == Item("Yes", 1.0)
    assert item("extracted", {"extracted": "Unknown", "score": "False"}) == Item("Unknown", 0.0, unread=True)


@pytest.mark.parametrize(
    ("match", "score"), [("[True]", 1.0), ("[False, True]", 1.0), ("[0.0, 0.0]", 0.0), ("[0.25, 1e-05]", 0.25)]
)
def test_the_best_match_counts(match: str, score: float) -> None:
    assert item("best_match", {"eval_pred": "4", "eval_match": match}) == Item("4", score)


def test_agreement_is_a_mean() -> None:
    found = item("mean_match", {"eval_pred": "cat", "eval_match": "[1, 0.5, 0.0, 0.5]"})

    assert found == Item("cat", 0.5)


@pytest.mark.parametrize(("distances", "score"), [("[0.0]", 1.0), ("[0.9, 0.25]", 0.75), ("[0.6, 0.75]", 0.0)])
def test_a_distance_of_texts_is_turned_round(distances: str, score: float) -> None:
    assert item("distance", {"eval_pred": "x", "eval_match": distances}).score == score


@pytest.mark.parametrize("match", ["", "[]", "nan", "__import__('os').system('true')", "[np.float64(0.5)]"])
def test_what_is_no_list_of_numbers_says_nothing(match: str) -> None:
    assert item("best_match", {"eval_pred": "x", "eval_match": match}).score is None


def test_a_grade_of_a_judge_that_gave_up_is_none() -> None:
    tries = "Try 4: output is what, failed to parse.\nAll 5 retries failed.\n"

    assert item("graded", {"score": "0.5", "log": "Succeed"}) == Item(score=0.5)
    assert item("graded", {"score": "0.0", "log": tries}).unjudged


def test_of_what_was_read_nobody_says_whether_it_is_right() -> None:
    assert item("read", {"res": "14", "log": "Succeed"}) == Item("14")
    assert item("read", {"res": "", "log": "All 5 retries failed.\n"}) == Item(None, unread=True, unjudged=True)


def test_what_a_judge_shortened_is_compared() -> None:
    assert item("compared", {"pred": "Paris", "log": "Succeed", "score": "0.75"}) == Item("Paris", 0.75)
    assert item("compared", {"pred": "Paris", "log": "Succeed", "anls": "1.0", "em": "True"}) == Item("Paris", 1.0)
    assert item("compared", {"pred": "", "log": "Succeed", "score": "0.0"}) == Item(None, 0.0, unread=True)
    assert item("compared", {"pred": "", "log": "All 5 retries failed.\n", "score": "0.0"}).unjudged


def test_a_rating_is_out_of_ten_and_minus_one_is_none() -> None:
    assert item("rated", {"score": "7.0"}) == Item(score=0.7)
    assert item("rated", {"score": "-1"}) == Item(unjudged=True)
