"""Log-likelihoods of continuations by a local model: exact under batching, and no sequence computed twice."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from adapters.native.evaluator.models.batches import halving
from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.proof import choose
from adapters.native.evaluator.models.sequences import ReadSequence, Target
from adapters.native.evaluator.request import Deliver, Likelihood, Outcome

Pair = tuple[list[int], list[int]]
# How many requests are tokenised at once: enough for every core, and few enough texts in memory.
_TOKENISED = 256


@dataclass
class _Pending:
    """The continuations of one request, until all are known; `began_at`: when the first of its batches did."""

    values: list[float]
    missing: int
    tokens_in: int = 0
    began_at: float | None = None


def encode_pairs(checkpoint: Checkpoint, requests: Sequence[Likelihood]) -> Iterator[list[Pair]]:
    """Yield for each request the tokens of context and continuation, for each continuation, as lm-eval cuts them.

    Blanks at the end of the context belong to the continuation; both are tokenised as one text, and what follows
    the context's own tokens is the continuation.
    """
    for start in range(0, len(requests), _TOKENISED):
        part = requests[start : start + _TOKENISED]
        contexts = [request.prompt.rstrip() for request in part]
        texts = [request.prompt + text for request in part for text in request.continuations]
        encoded = iter(checkpoint.encode_all([*contexts, *texts]))
        cuts = [len(next(encoded)) for _ in contexts]
        for request, cut in zip(part, cuts, strict=True):
            lead = list(checkpoint.bos) or ([] if cut else [checkpoint.padding])
            wholes = [next(encoded) for _ in request.continuations]
            yield [(lead + whole[:cut], whole[cut:]) for whole in wholes]


def likelihoods(
    checkpoint: Checkpoint, requests: Sequence[Likelihood], deliver: Deliver, *, known: Collection[int] = ()
) -> None:
    """Deliver the log-likelihoods of every request's continuations.

    A prompt that the model's context cannot hold is a model_error: it is never cut in silence. A request's latency is
    from the begin of its first batch to the end of its last.
    """
    pending = [_Pending([math.nan] * len(r.continuations), len(r.continuations)) for r in requests]
    sequences = _sequences(checkpoint, requests, pending, deliver)
    began_at = time.monotonic()
    computation, proven = choose(checkpoint, sequences)
    for batch in computation.batches:
        found, proven = proven, None
        members = (sequences[index] for row in batch for index in row.members)
        if all(target.request in known for sequence in members for target in sequence.targets):
            continue
        if found is None:
            began_at = time.monotonic()
            found = halving(batch, computation.compute)
        for index, values in found:
            for target, value in zip(sequences[index].targets, values, strict=True):
                _note(pending[target.request], target, value, began_at, deliver)


def _sequences(
    checkpoint: Checkpoint, requests: Sequence[Likelihood], pending: Sequence[_Pending], deliver: Deliver
) -> list[ReadSequence]:
    found: dict[tuple[int, ...], ReadSequence] = {}
    for number, pairs in enumerate(encode_pairs(checkpoint, requests)):
        problem = _problem(pairs, checkpoint)
        if problem:
            deliver(number, Outcome("model_error", error=problem))
            continue
        pending[number].tokens_in = len(pairs[0][0])
        for index, (context, continuation) in enumerate(pairs):
            tokens = tuple((context + continuation)[:-1])
            sequence = found.setdefault(tokens, ReadSequence(tokens))
            sequence.targets.append(Target(number, index, tuple(continuation)))
    return list(found.values())


def _problem(pairs: Sequence[Pair], checkpoint: Checkpoint) -> str:
    longest = max(len(context) + len(continuation) - 1 for context, continuation in pairs)
    if checkpoint.context and longest > checkpoint.context:
        return f"the prompt has {longest} tokens, the model's context holds {checkpoint.context}"
    if not all(continuation for _, continuation in pairs):
        return "an option has no tokens of its own"
    return ""


def _note(pending: _Pending, target: Target, value: float, began_at: float, deliver: Deliver) -> None:
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
