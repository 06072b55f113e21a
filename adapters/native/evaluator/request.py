"""What a model is asked, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Messages = tuple[Mapping[str, str], ...]
State = Literal["scored", "model_error", "infra_error", "judge_fallback", "skipped"]


@dataclass(frozen=True)
class Likelihood:
    """Ask for the log-likelihood of each continuation after `prompt`."""

    id: str
    prompt: str
    continuations: tuple[str, ...]


@dataclass(frozen=True)
class Generation:
    """Ask for an answer to `prompt`: raw text, or chat messages.

    `parameters`: temperature, max_tokens, top_p, top_k, repetition_penalty, stop, seed, as task.json gives them.
    """

    id: str
    prompt: str | Messages
    parameters: Mapping[str, Any]


Request = Likelihood | Generation


@dataclass(frozen=True)
class Outcome:
    """What came of one request.

    Attributes:
        state: `scored` = the model answered and a scorer may look at it. `judge_fallback` = it answered, but
            the judge gave no verdict.
        text: the generated answer, untouched.
        likelihoods: natural-log likelihood of each continuation.
        truncated: whether the answer was cut at max_tokens.
        error: why there is no answer.
    """

    state: State = "scored"
    text: str = ""
    likelihoods: tuple[float, ...] = ()
    truncated: bool = False
    error: str = ""
    latency_s: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None


Deliver = Callable[[int, Outcome], None]


class Model(Protocol):
    """Something that answers requests."""

    @property
    def chat(self) -> bool:
        """Return whether prompts for generation are chat messages."""

    @property
    def facts(self) -> Mapping[str, str]:
        """Return what the summary says about it: device, dtype, versions."""

    @property
    def in_order(self) -> bool:
        """Return whether requests are asked in their order: where it breaks off, the beginning was answered."""

    @property
    def ended(self) -> bool:
        """Return whether the job was told to end while it answered: nothing more is to be asked."""

    def answer(self, dataset: str, requests: Sequence[Request], deliver: Deliver) -> None:
        """Answer every request, in any order, and deliver each outcome under its index as soon as it is there.

        Raises:
            EvaluationError: it cannot go on; what was not delivered has no answer.
        """
