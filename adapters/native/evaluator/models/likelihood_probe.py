"""Find out, by one sample, whether and how a server of text completions gives log-likelihoods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.native.evaluator.errors import ModelError, UnreachableError
from adapters.native.evaluator.models.completions import Completions
from adapters.native.evaluator.models.prompt_scores import (
    DIALECTS,
    LISTED,
    Dialect,
    Pair,
    are_labels,
    next_token_fields,
    next_tokens,
    prompt_tokens,
    token_scores,
)
from adapters.native.evaluator.models.reply import NOT_SERVED, Reply
from adapters.native.evaluator.request import Likelihood

# Two computations of one number: half precision, and the kernels of another batch, move it by hundredths.
_SAME = 0.1
_HINT = (
    "Use scoring: generate, or evaluate the checkpoint, or serve the model so that /v1/completions takes echo with "
    "logprobs, as vLLM and SGLang do."
)


@dataclass(frozen=True)
class Served:
    """How a server gives likelihoods.

    Attributes:
        dialect: how those of any text; None where only the next token's are listed.
        listed: how many likely next tokens it lists; 0 where they are not to be used.
    """

    dialect: Dialect | None
    listed: int

    @property
    def name(self) -> str:
        """Return it for the summary."""
        names = (f"top_logprobs {self.listed}" if self.listed else "", self.dialect.name if self.dialect else "")
        return ", ".join(name for name in names if name)


@dataclass(frozen=True)
class _Listing:
    """The likeliest tokens after the sample's prompt; `count`: as many were asked for; `cut`: the prompt's tokens."""

    top: Mapping[str, float]
    count: int = 0
    cut: int | None = None
    refusal: str = ""


async def find_out(completions: Completions, requests: Sequence[Likelihood]) -> Served:
    """Return how the server gives the likelihoods that `requests` need.

    The list of likely next tokens is used only where it agrees with the dialect, or where there is no dialect.

    Raises:
        ModelError: it gives none that they could be scored by.
        UnreachableError: it does not answer.
    """
    # A long prompt may be refused for its length, which says nothing about the server.
    sample = min((request for request in requests if request.prompt.strip()), key=_length, default=requests[0])
    pair = Pair.of(sample)
    listing = await _list(completions, sample.id, pair)
    labels = [text for text in pair.continuations if text in listing.top] if all(map(are_labels, requests)) else []
    text = pair.context + (labels or pair.continuations)[0]
    refusals = [listing.refusal] if listing.refusal else []
    for dialect in DIALECTS:
        found = await _scores(completions, sample.id, text, dialect)
        if not isinstance(found, str):
            agrees = bool(labels) and _agree(found, listing, labels[0])
            return Served(dialect, listing.count if agrees else 0)
        refusals.append(found)
    if labels:
        return Served(None, listing.count)
    reason = f"the endpoint gives no log-likelihoods: {'; '.join(dict.fromkeys(refusals))}"
    raise ModelError(reason, hint=_HINT)


def _length(request: Likelihood) -> int:
    return len(request.prompt) + max(map(len, request.continuations))


async def _list(completions: Completions, sample: str, pair: Pair) -> _Listing:
    refusal = ""
    for count in LISTED if pair.context else ():
        answer = await completions.ask(sample, pair.context, next_token_fields(count))
        if not isinstance(answer, Reply):
            top = next_tokens(answer.body)
            return _Listing(top, count, prompt_tokens(answer.body), "" if top else "logprobs: not in its answers")
        refusal = f"logprobs: {_refusal(answer, NOT_SERVED)}"
    return _Listing({}, refusal=refusal)


async def _scores(
    completions: Completions, sample: str, text: str, dialect: Dialect
) -> tuple[float | None, ...] | str:
    """Return the log-probabilities of a text's tokens, else why there are none."""
    answer = await completions.ask(sample, text, dialect.fields)
    if isinstance(answer, Reply):
        # Any status: a server that fails over just this is no good for it, and the gateway has tried it again.
        return f"{dialect.name}: {_refusal(answer, None)}"
    found = token_scores(answer.body, dialect)
    if found is None or len(found) < 2:
        return f"{dialect.name}: not in its answers, or not for each token"
    return found


def _agree(scores: Sequence[float | None], listing: _Listing, label: str) -> bool:
    """Return whether a label is one token, and has the same likelihood as the end of a text and in the list."""
    is_one = listing.cut is not None and len(scores) == listing.cut + 1
    return is_one and abs((scores[-1] or 0.0) - listing.top[label]) <= _SAME


def _refusal(reply: Reply, statuses: Sequence[int] | None) -> str:
    """Return what a server says that does not serve this.

    Raises:
        UnreachableError: it says something else, or nothing.
    """
    refused = reply.failure.startswith("HTTP ") if statuses is None else reply.failure in _kinds(statuses)
    if not refused:
        hint = "Check the endpoint with `evaldock doctor`, then go on with `evaldock resume`."
        raise UnreachableError(f"the model does not answer: {reply.outcome.error}", hint=hint)
    return reply.outcome.error


def _kinds(statuses: Sequence[int]) -> frozenset[str]:
    return frozenset(f"HTTP {status}" for status in statuses)
