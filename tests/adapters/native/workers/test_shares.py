"""Requests are split evenly, each to one worker, and what they share stays together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.native.evaluator.models.trie import trie_size
from adapters.native.evaluator.request import Generation, Likelihood, Request
from adapters.native.evaluator.workers.shares import shares

SUBJECTS = [f"subject {name}\n" + f"examples of {name} " * 100 for name in "abcdef"]
# In the order in which subsets are asked abreast: what belongs together is far apart.
EXAM = [
    Likelihood(f"{number}/{n}", f"{head}question {n} of {number}?", (" A", " B"))
    for n in range(20)
    for number, head in enumerate(SUBJECTS)
]


def work(requests: list[Likelihood], share: list[int]) -> int:
    texts = [requests[index].prompt + text for index in share for text in requests[index].continuations]
    return trie_size([tuple(text.encode()) for text in texts])


requests = st.one_of(
    st.lists(st.builds(Likelihood, st.just(""), st.text("ab", max_size=9), st.just((" A", " B")))),
    st.lists(st.builds(Generation, st.just(""), st.text("ab", max_size=3), st.just({}))),
)


@given(requests, st.integers(1, 5))
def test_every_request_is_in_one_share(asked: list[Request], workers: int) -> None:
    split = shares(asked, workers)

    assert len(split) == workers
    assert sorted(index for share in split for index in share) == list(range(len(asked)))
    assert all(share == sorted(share) for share in split)


@pytest.mark.parametrize("workers", [2, 3])
def test_what_prompts_share_is_computed_by_one_worker(workers: int) -> None:
    split = shares(EXAM, workers)

    alone = work(EXAM, list(range(len(EXAM))))
    each = [work(EXAM, share) for share in split]
    assert sum(each) < 1.01 * alone
    assert max(each) < 1.2 * alone / workers


def test_one_long_beginning_is_cut_in_even_parts() -> None:
    asked = [Likelihood(str(n), f"{'head ' * 400}question {n:03}", (" x" * 10,)) for n in range(100)]

    assert [len(share) for share in shares(asked, 2)] == pytest.approx([50, 50], abs=5)


def test_a_request_that_outweighs_all_others_has_a_worker_to_itself() -> None:
    asked = [Likelihood("0", "z" * 10_000, (" A",)), *(Likelihood(str(n), f"{n}", (" A",)) for n in range(1, 10))]

    assert shares(asked, 2) == [list(range(1, 10)), [0]]


def test_answers_are_dealt_by_turns_and_by_length() -> None:
    asked = [Generation(str(n), "word " * n, {}) for n in range(100)]

    one, other = shares(asked, 2)

    assert (len(one), len(other)) == (50, 50)
    assert sum(one) == pytest.approx(sum(other), abs=100)


def test_a_question_asked_several_times_stays_together() -> None:
    asked = [Generation(f"{n}#{k}", ({"role": "user", "content": f"{n}"},), {}) for n in range(6) for k in range(4)]

    for share in shares(asked, 2):
        assert len(share) == 12
        assert {index // 4 for index in share} == {index // 4 for index in share if index % 4 == 3}
        assert len({index // 4 for index in share}) == 3


def test_the_split_hangs_on_the_requests_alone() -> None:
    assert shares(EXAM, 3) == shares(list(EXAM), 3)
