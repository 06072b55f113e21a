"""Several answers to one question: pass@k, the answer of the majority, and the mean, each a number per question.

A question's answers depend on each other, so the uncertainty is that of questions, not of answers.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from adapters.native.evaluator.score import Scored


def pass_at_k(n: int, right: int, k: int) -> float:
    """Return the probability that one of k answers drawn from n, `right` of which are right, is right.

    1 - C(n - right, k) / C(n, k): the unbiased estimator of Chen et al. 2021, arXiv:2107.03374, equation 1.
    """
    return 1.0 - math.comb(n - right, k) / math.comb(n, k)


def majority(answers: Sequence[Scored], metric: str) -> float:
    """Return the score of the answer given most often, of several such of that given first; 0 where there is none.

    18, 18.0 and 18.00 are one answer.
    """
    given = [(_same(scored.answer), scored.scores[metric]) for scored in answers if scored.answer is not None]
    if not given:
        return 0.0
    (winner, _), *_ = Counter(answer for answer, _ in given).most_common(1)
    return next(score for answer, score in given if answer == winner)


def _same(answer: str) -> str:
    plain = " ".join(answer.split())
    return re.sub(r"(\.\d*?)0+$", r"\1", plain).removesuffix(".") if re.fullmatch(r"-?\d*\.\d+", plain) else plain


def question_scores(
    questions: Iterable[Sequence[Scored]], *, headline: str, repeats: int, pass_at: Sequence[int], vote: bool
) -> dict[str, list[float]]:
    """Return metric -> one number for each question with a scored answer.

    pass@k leaves out a question with fewer than k scored answers. `vote`: whether answers can be alike, as programs
    hardly are.
    """
    found: dict[str, list[float]] = {}
    for answers in questions:
        if not answers:
            continue
        for name, score in _of_one(answers, headline, repeats, pass_at, vote=vote).items():
            found.setdefault(name, []).append(score)
    return found


def question_parts(questions: Iterable[Sequence[Scored]]) -> dict[str, list[tuple[float, ...]]]:
    """Return metric -> the values of all parts of all answers, together for each question."""
    found: dict[str, list[tuple[float, ...]]] = {}
    for answers in questions:
        for name in answers[0].parts if answers else ():
            found.setdefault(name, []).append(tuple(value for scored in answers for value in scored.parts[name]))
    return found


def _of_one(
    answers: Sequence[Scored], headline: str, repeats: int, pass_at: Sequence[int], *, vote: bool
) -> Mapping[str, float]:
    n = len(answers)
    found = {name: math.fsum(scored.scores[name] for scored in answers) / n for name in answers[0].scores}
    marks = [scored.scores[headline] for scored in answers]
    if not set(marks) <= {0.0, 1.0}:
        return found
    found |= {f"pass@{k}": pass_at_k(n, int(sum(marks)), k) for k in pass_at if k <= n}
    return found | ({f"majority@{repeats}": majority(answers, headline)} if vote else {})
