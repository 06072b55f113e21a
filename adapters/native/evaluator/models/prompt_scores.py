"""Log-likelihoods of a prompt's own tokens, as completions servers tell them: what to ask for, what to read. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.native.evaluator.models.reply import first_choice, usage_of
from adapters.native.evaluator.request import Likelihood

# As many of the likeliest next tokens as servers list: vLLM's own limit is 20, OpenAI's 5.
LISTED = (20, 5)
_ONE_TOKEN = {"max_tokens": 1, "temperature": 0}


@dataclass(frozen=True)
class Dialect:
    """One way in which servers give the log-probability of every token of a prompt.

    Attributes:
        name: as the summary and messages call it.
        fields: of the request, beside the prompt.
        values: what stands in an answer's choice: one entry for each token, the prompt's first.
        goes_on: whether entries for what was generated follow.
    """

    name: str
    fields: Mapping[str, Any]
    values: Callable[[Mapping[str, Any]], object]
    goes_on: bool


@dataclass(frozen=True)
class Pair:
    """A prompt and its continuations; blanks at the end of the prompt belong to the continuations."""

    context: str
    continuations: tuple[str, ...]

    @classmethod
    def of(cls, request: Likelihood) -> Pair:
        """Return those of a request."""
        context = request.prompt.rstrip()
        blanks = request.prompt[len(context) :]
        return cls(context, tuple(blanks + text for text in request.continuations))


def are_labels(request: Likelihood) -> bool:
    """Return whether every continuation is one character behind blanks, so that it may be a token by itself."""
    return all(len(text.strip()) == 1 for text in request.continuations)


def _echoed(choice: Mapping[str, Any]) -> object:
    told = choice.get("logprobs")
    return told.get("token_logprobs") if isinstance(told, dict) else None


def _prompt_logprobs(choice: Mapping[str, Any]) -> object:
    """Return vLLM's own list: for each token an object of one entry, {id: {"logprob": ...}}, for the first null."""
    told = choice.get("prompt_logprobs")
    return [_only(entry) for entry in told] if isinstance(told, list) else None


def _only(entry: object) -> object:
    inner = next(iter(entry.values()), None) if isinstance(entry, dict) and len(entry) == 1 else None
    return inner.get("logprob") if isinstance(inner, dict) else None


DIALECTS = (
    # max_tokens 1, not 0: older servers refuse 0, and the first token comes with the prompt anyway.
    Dialect("echo", {"echo": True, "logprobs": 1, **_ONE_TOKEN}, _echoed, goes_on=True),
    Dialect("prompt_logprobs", {"prompt_logprobs": 0, **_ONE_TOKEN}, _prompt_logprobs, goes_on=False),
)


def next_token_fields(listed: int) -> Mapping[str, Any]:
    """Return what asks how many tokens a prompt has and, unless `listed` is 0, which are likeliest after it."""
    return {**_ONE_TOKEN, **({"logprobs": listed} if listed else {})}


def prompt_tokens(body: dict[str, Any]) -> int | None:
    """Return how many tokens the prompt had."""
    return usage_of(body)["prompt_tokens"]


def token_scores(body: dict[str, Any], dialect: Dialect) -> tuple[float | None, ...] | None:
    """Return the log-probability of each token of the prompt, None for one without; None where the answer has none.

    What was generated behind the prompt is left out. Only the first token, which nothing precedes, may have none.
    A list that has not one entry for each counted token is not read: a server may count one that it puts in front and
    not list it, and then nobody can tell which entry is whose.
    """
    values, count = dialect.values(first_choice(body)), prompt_tokens(body)
    generated = usage_of(body)["completion_tokens"] if dialect.goes_on else 0
    if not isinstance(values, list) or not count or len(values) != count + (1 if generated is None else generated):
        return None
    found = tuple(_finite(value) for value in values[:count])
    return found if None not in found[1:] else None


def next_tokens(body: dict[str, Any]) -> Mapping[str, float]:
    """Return the likeliest next tokens by their text; empty where the answer lists none."""
    told = first_choice(body).get("logprobs")
    top = told.get("top_logprobs") if isinstance(told, dict) else None
    first = top[0] if isinstance(top, list) and top else None
    found = {text: _finite(value) for text, value in first.items()} if isinstance(first, dict) else {}
    return {text: value for text, value in found.items() if value is not None}


def _finite(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None  # type: ignore[arg-type]
