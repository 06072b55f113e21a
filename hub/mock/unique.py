"""Answers of which no two are alike, as a model gives them at temperature 1: each is drawn anew, and numbered."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import replace

from hub.mock import draw
from hub.mock.answers import Asked, Belief, Called, Said
from hub.mock.compose import Answerer


class UniqueAnswers:
    """Answers as others do, but wrong by chance, whoever asks; each begins with a thought that no other has.

    A thought, for whoever scores an answer leaves it out.
    """

    def __init__(self, answers: Answerer, *, error_rate: float, seed: int) -> None:
        """Begin to count; what is not counted, but drawn, tells this server's answers from those of the next one."""
        self._answers = answers
        self._error_rate = error_rate
        self._seed = seed
        self._origin = secrets.token_hex(4)
        self._numbers = itertools.count(1)

    def say(self, asked: Asked) -> Said:
        """Return the next answer."""
        number, anew = self._anew(asked)
        said = self._answers.say(anew)
        return said._replace(text=f"<think>{self._origin}-{number}</think>\n{said.text}")

    def call(self, asked: Asked) -> Called | None:
        """Return the function that the others call; arguments are JSON, and begin with no thought."""
        return self._answers.call(self._anew(asked)[1])

    def _anew(self, asked: Asked) -> tuple[int, Asked]:
        number = next(self._numbers)
        errs = draw.fraction(self._seed, "errs", number) < self._error_rate
        return number, replace(asked, number=number, errs=errs)

    def judge(self, prompt: str) -> Belief | None:
        """Return what the others think of the answer at the end of a prompt."""
        return self._answers.judge(prompt)
