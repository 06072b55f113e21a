"""Log-likelihoods of continuations by a local model: exact under batching, and no sequence computed twice."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from adapters.native.evaluator.models.batches import batches, halving
from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.request import Deliver, Likelihood, Outcome


class _Target(NamedTuple):
    """One continuation: of which request, which one, and its tokens (the last ones of the sequence that follows)."""

    request: int
    option: int
    tokens: tuple[int, ...]


@dataclass
class _Pending:
    """The continuations of one request, until all are known; `began_at`: when the first of its batches did."""

    values: list[float]
    missing: int
    tokens_in: int = 0
    began_at: float | None = None


@dataclass
class _Sequence:
    """Input tokens, and every continuation that is read off them: one pass serves all single-token labels."""

    tokens: tuple[int, ...]
    targets: list[_Target] = field(default_factory=list)


def encode_pair(checkpoint: Checkpoint, context: str, continuation: str) -> tuple[list[int], list[int]]:
    """Return the tokens of context and continuation as lm-eval cuts them.

    Blanks at the end of the context belong to the continuation; both are tokenised as one text, and what follows
    the context's own tokens is the continuation.
    """
    blanks = len(context) - len(context.rstrip())
    if blanks:
        context, continuation = context[:-blanks], context[-blanks:] + continuation
    whole = checkpoint.encode(context + continuation)
    cut = len(checkpoint.encode(context))
    lead = list(checkpoint.bos) or ([] if cut else [checkpoint.padding])
    return lead + whole[:cut], whole[cut:]


def likelihoods(
    checkpoint: Checkpoint, requests: Sequence[Likelihood], deliver: Deliver, *, known: Collection[int] = ()
) -> None:
    """Deliver the log-likelihoods of every request's continuations.

    A prompt that the model's context cannot hold is a model_error: it is never cut in silence. A request's latency is
    from the begin of its first batch to the end of its last.
    """
    pending = [_Pending([math.nan] * len(r.continuations), len(r.continuations)) for r in requests]
    sequences = _sequences(checkpoint, requests, pending, deliver)
    budget, rows = checkpoint.batch_tokens, checkpoint.batch_rows
    for group in batches([len(sequence.tokens) for sequence in sequences], budget=budget, rows=rows):
        batch = [sequences[index] for index in group]
        if all(target.request in known for sequence in batch for target in sequence.targets):
            continue
        began_at = time.monotonic()
        found = halving(batch, lambda part: _forward(checkpoint, part))
        for sequence, values in zip(batch, found, strict=True):
            for target, value in zip(sequence.targets, values, strict=True):
                _note(pending[target.request], target, value, began_at, deliver)


def _sequences(
    checkpoint: Checkpoint, requests: Sequence[Likelihood], pending: Sequence[_Pending], deliver: Deliver
) -> list[_Sequence]:
    found: dict[tuple[int, ...], _Sequence] = {}
    for number, request in enumerate(requests):
        pairs = [encode_pair(checkpoint, request.prompt, text) for text in request.continuations]
        problem = _problem(pairs, checkpoint)
        if problem:
            deliver(number, Outcome("model_error", error=problem))
            continue
        pending[number].tokens_in = len(pairs[0][0])
        for index, (context, continuation) in enumerate(pairs):
            tokens = tuple((context + continuation)[:-1])
            sequence = found.setdefault(tokens, _Sequence(tokens))
            sequence.targets.append(_Target(number, index, tuple(continuation)))
    return list(found.values())


def _problem(pairs: Sequence[tuple[list[int], list[int]]], checkpoint: Checkpoint) -> str:
    longest = max(len(context) + len(continuation) - 1 for context, continuation in pairs)
    if checkpoint.context and longest > checkpoint.context:
        return f"the prompt has {longest} tokens, the model's context holds {checkpoint.context}"
    if not all(continuation for _, continuation in pairs):
        return "an option has no tokens of its own"
    return ""


def _note(pending: _Pending, target: _Target, value: float, began_at: float, deliver: Deliver) -> None:
    pending.values[target.option] = value
    pending.missing -= 1
    pending.began_at = began_at if pending.began_at is None else pending.began_at
    if pending.missing:
        return
    outcome = Outcome(likelihoods=tuple(pending.values))
    if not all(math.isfinite(entry) for entry in pending.values):
        outcome = Outcome("model_error", error="a log-likelihood is not a finite number")
    latency_s = round(time.monotonic() - pending.began_at, 6)
    deliver(target.request, replace(outcome, tokens_in=pending.tokens_in, latency_s=latency_s))


def _forward(checkpoint: Checkpoint, batch: Sequence[_Sequence]) -> list[list[float]]:
    """Return one value per target of every sequence.

    Padding is on the right: under a causal mask no real token sees it, so positions need no correction.
    """
    import torch

    width = max(len(sequence.tokens) for sequence in batch)
    filled = [list(s.tokens) + [checkpoint.padding] * (width - len(s.tokens)) for s in batch]
    mask = [[1] * len(s.tokens) + [0] * (width - len(s.tokens)) for s in batch]
    needed = sorted({place for sequence in batch for place in _places(sequence)})
    device = checkpoint.model.device
    with torch.inference_mode():
        logits = _logits(
            checkpoint.model, torch.tensor(filled, device=device), torch.tensor(mask, device=device), needed
        )
        column = {place: index for index, place in enumerate(needed)}
        return [_values(logits[row], sequence, column) for row, sequence in enumerate(batch)]


def _places(sequence: _Sequence) -> range:
    longest = max(len(target.tokens) for target in sequence.targets)
    return range(len(sequence.tokens) - longest, len(sequence.tokens))


def _logits(model: Any, tokens: Any, mask: Any, needed: Sequence[int]) -> Any:
    """Return the logits at the needed positions only: a whole batch of them is most of the memory."""
    import inspect

    import torch

    places = torch.tensor(needed, device=tokens.device)
    if "logits_to_keep" in inspect.signature(model.forward).parameters:
        return model(input_ids=tokens, attention_mask=mask, use_cache=False, logits_to_keep=places).logits
    return model(input_ids=tokens, attention_mask=mask, use_cache=False).logits[:, places]


def _values(logits: Any, sequence: _Sequence, column: dict[int, int]) -> list[float]:
    import torch

    end = len(sequence.tokens)
    places = [column[place] for place in _places(sequence)]
    scores = torch.log_softmax(logits[places].float(), dim=-1)
    lowest = end - len(places)
    values = []
    for target in sequence.targets:
        rows = [place - lowest for place in range(end - len(target.tokens), end)]
        values.append(float(scores[rows, list(target.tokens)].double().sum()))
    return values
