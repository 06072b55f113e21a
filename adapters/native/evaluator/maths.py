"""Compare mathematical answers: as text, then as expressions, by math-verify; nothing is ever run as a program."""

from __future__ import annotations

import re
import threading

# Beyond this an answer is no result but a text that happens to stand in a box, and SymPy could take minutes for it.
LONGEST = 400
TIMEOUT_S = 2
_SPACES = re.compile(r"\\[,!;: ]|~|\s+")
_SAME = (("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"), ("\\left", ""), ("\\right", ""), ("$", ""))


def same_maths(answer: str, gold: str) -> bool:
    """Return whether two answers, LaTeX or plain, are the same mathematical object.

    By math-verify (Kydlicek, https://github.com/huggingface/Math-Verify), which parses both with SymPy; a comparison
    that takes longer than 2 seconds counts as unequal.
    """
    if _plain(answer) == _plain(gold):
        return True
    if len(answer) > LONGEST:
        return False
    from math_verify import parse, verify

    # Its clock is a signal, which only the main thread can have.
    limit = TIMEOUT_S if threading.current_thread() is threading.main_thread() else None
    wanted, found = (parse(f"${text.strip('$')}$", parsing_timeout=limit) for text in (gold, answer))
    return bool(verify(wanted, found, timeout_seconds=limit))


def _plain(text: str) -> str:
    for written, same in _SAME:
        text = text.replace(written, same)
    return _SPACES.sub("", text).rstrip(".")
