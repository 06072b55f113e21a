"""Two ways to write the same mathematical answer are the same, and nothing else is."""

from __future__ import annotations

import signal

import pytest

from adapters.native.evaluator import maths
from adapters.native.evaluator.maths import LONGEST, same_maths


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("4", "4"),
        ("4.0", "4"),
        ("0.5", r"\frac{1}{2}"),
        ("1/2", r"\dfrac12"),
        ("1,000", "1000"),
        ("(x+1)^2", "x^2+2x+1"),
        ("x=5", "5"),
        (r"\left( 1, 2 \right)", "(1,2)"),
        (r"90^\circ", "90"),
        (r"\text{Monday}", r"\text{Monday}"),
        (r"\{2, -2\}", r"\{-2, 2\}"),
        (r"\$5", "5"),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}"),
    ],
)
def test_the_same(answer: str, gold: str) -> None:
    assert same_maths(answer, gold)


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("5", "4"),
        ("3x", "2x"),
        ("(2,1)", "(1,2)"),
        (r"\text{even}", r"\text{odd}"),
        ("", "4"),
        ("I do not know", "4"),
        ("4" * (LONGEST + 1), "4"),
    ],
)
def test_not_the_same(answer: str, gold: str) -> None:
    assert not same_maths(answer, gold)


def test_a_number_that_nobody_can_compute_is_given_up() -> None:
    assert not same_maths("9^{9^{9^9}}", "3")


def test_time_is_the_processors_for_a_busy_machine_makes_no_answer_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import math_verify

    seen, before = [], signal.getsignal(signal.SIGALRM)
    monkeypatch.setattr(math_verify, "verify", lambda *_, **__: seen.append(clock()) or True)

    assert same_maths("5.0", "5")

    assert seen == [(True, before)]
    assert clock() == (False, before)


def clock() -> tuple[bool, object]:
    """Return whether the processor's time is limited, and who is told when that of the wall is over."""
    return signal.getitimer(signal.ITIMER_PROF)[0] > 0, signal.getsignal(signal.SIGALRM)


def test_a_comparison_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import math_verify

    def endless(*_: object, **__: object) -> bool:
        while True:
            pass

    monkeypatch.setattr(maths, "TIMEOUT_S", 0.01)
    monkeypatch.setattr(math_verify, "verify", endless)

    assert not same_maths("5.1", "5")
