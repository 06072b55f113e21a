"""Compare mathematical answers: as text, then as expressions, by math-verify; nothing is ever run as a program."""

from __future__ import annotations

import logging
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Beyond this an answer is no result but a text that happens to stand in a box, and SymPy could take minutes for it.
LONGEST = 400
TIMEOUT_S = 2.0
_SPACES = re.compile(r"\\[,!;: ]|~|\s+")
_SAME = (("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"), ("\\left", ""), ("\\right", ""), ("$", ""))


class _TooLongError(BaseException):
    """The time is over; no Exception, for math-verify and SymPy catch all of these."""


def same_maths(answer: str, gold: str) -> bool:
    """Return whether two answers, LaTeX or plain, are the same mathematical object.

    By math-verify (Kydlicek, https://github.com/huggingface/Math-Verify), which parses both with SymPy; a comparison
    that takes longer than 2 seconds of processor time counts as unequal.
    """
    if _plain(answer) == _plain(gold):
        return True
    if len(answer) > LONGEST:
        return False
    from math_verify import parse, verify

    # It says with every call without a limit of its own that there is none.
    logging.getLogger("math_verify").setLevel(logging.ERROR)
    try:
        with _limited():
            wanted, found = (parse(f"${text.strip('$')}$", parsing_timeout=None) for text in (gold, answer))
            return bool(verify(wanted, found, timeout_seconds=None))
    except _TooLongError:
        return False


@contextmanager
def _limited() -> Iterator[None]:
    """Raise when the process has computed for too long; not by math-verify's own clock, which is the wall's.

    By that one an answer is wrong because a machine is busy: starting SymPy alone can take it seconds.
    """
    if threading.current_thread() is not threading.main_thread():  # only that one can have a signal
        yield
        return
    before = signal.signal(signal.SIGPROF, _raise_too_long)
    signal.setitimer(signal.ITIMER_PROF, TIMEOUT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _raise_too_long(*_: object) -> None:
    raise _TooLongError


def _plain(text: str) -> str:
    for written, same in _SAME:
        text = text.replace(written, same)
    return _SPACES.sub("", text).rstrip(".")
