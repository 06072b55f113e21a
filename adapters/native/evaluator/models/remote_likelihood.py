"""Log-likelihoods of continuations by a server of text completions, in the way that it was found to give them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.native.evaluator.models.completions import Completions
from adapters.native.evaluator.models.likelihood_probe import Served
from adapters.native.evaluator.models.prompt_scores import (
    Dialect,
    Pair,
    are_labels,
    next_token_fields,
    next_tokens,
    prompt_tokens,
    token_scores,
)
from adapters.native.evaluator.models.reply import Reply
from adapters.native.evaluator.request import Likelihood, Outcome


@dataclass(frozen=True)
class _Start:
    """What the server said of a prompt alone: its tokens, and the likeliest ones after it."""

    cut: int = 0
    latency_s: float = 0.0
    top: Mapping[str, float] | None = None


async def remote_likelihoods(completions: Completions, request: Likelihood, served: Served) -> Reply:
    """Return the log-likelihoods of one request's continuations.

    Labels are looked up among the likeliest next tokens, one request a sample, where `served` has such a list. Else,
    and for all longer options, each is asked for with the prompt in front; it begins after as many tokens as the
    prompt alone has, as lm-eval cuts. A request that the server refuses is a model_error: nothing is cut in silence.
    """
    pair, looks_up = Pair.of(request), served.listed > 0 and are_labels(request)
    start = await _start(completions, request.id, pair.context, served.listed if looks_up else 0)
    if isinstance(start, Reply):
        return start
    if looks_up and (values := _looked_up(start.top or {}, pair.continuations, whole=served.dialect is not None)):
        return _reply(values, start)
    if served.dialect is None:
        return _error(f"no option's label is among the {served.listed} likeliest next tokens", start)
    return await _each(completions, request.id, pair, start, served.dialect)


async def _start(completions: Completions, sample: str, context: str, listed: int) -> _Start | Reply:
    if not context:
        return _Start()
    answer = await completions.ask(sample, context, next_token_fields(listed))
    if isinstance(answer, Reply):
        return answer
    cut = prompt_tokens(answer.body)
    if cut is None:
        return Reply.failed("no usage", "the answer does not say how many tokens the prompt has", answer.latency_s)
    return _Start(cut, answer.latency_s, next_tokens(answer.body))


def _looked_up(top: Mapping[str, float], texts: Sequence[str], *, whole: bool) -> list[float]:
    """Return the likelihoods of labels, empty where they cannot be had so; `whole`: the server gives them otherwise.

    Of a server that has nothing else, a label that it does not list gets the lowest likelihood that it lists. Its own
    is at most that, so the likeliest of those listed stays the likeliest of all.
    """
    found = [text in top for text in texts]
    if all(found) or (any(found) and not whole):
        return [top.get(text, min(top.values())) for text in texts]
    return []


async def _each(completions: Completions, sample: str, pair: Pair, start: _Start, dialect: Dialect) -> Reply:
    values, latency_s = [], start.latency_s
    for text in pair.continuations:
        answer = await completions.ask(sample, pair.context + text, dialect.fields)
        if isinstance(answer, Reply):
            return answer
        latency_s += answer.latency_s
        scores = token_scores(answer.body, dialect)
        if scores is None:
            return Reply.failed("no logprobs", "the answer has no log-probabilities of the prompt", latency_s)
        own = [value for value in scores[start.cut :] if value is not None]
        if not own or len(own) < len(scores) - start.cut:
            missing = "an option has no tokens of its own" if start.cut else "nothing precedes the first token"
            return _error(f"an option has no log-likelihood: {missing}", start)
        values.append(math.fsum(own))
    return _reply(values, _Start(start.cut, latency_s))


def _reply(values: Sequence[float], start: _Start) -> Reply:
    return Reply(Outcome(likelihoods=tuple(values), latency_s=start.latency_s, tokens_in=start.cut))


def _error(error: str, start: _Start) -> Reply:
    return Reply(Outcome("model_error", error=error, latency_s=start.latency_s, tokens_in=start.cut))
