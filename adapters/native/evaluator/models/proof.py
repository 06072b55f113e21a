"""Choose how likelihoods are computed: shared where the model allows it and proves it, else the plain way."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from adapters.native.evaluator.models.batches import halving
from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.plain import Plain
from adapters.native.evaluator.models.sequences import Computation, ReadSequence
from adapters.native.evaluator.models.shared import Shared
from adapters.native.evaluator.models.trie import Row

LOG = logging.getLogger(__name__)
# How far a log-likelihood may be off, for the root of its tokens' number: what the order of additions changes.
_TOLERANCE = {"float64": 2e-4, "float32": 2e-4, "float16": 2e-2, "bfloat16": 1.5e-1}
# What sharing must save of all tokens to be worth its mask.
_WORTH = 0.05
# What a model raises that takes no mask, positions or cache of ours.
UNSUPPORTED = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
_LAYERS = {"full_attention", "sliding_attention"}


class Choice(NamedTuple):
    """How to compute, and the values of the first batch where the proof has computed them."""

    computation: Computation
    first: list[tuple[int, list[float]]] | None = None


def choose(checkpoint: Checkpoint, sequences: Sequence[ReadSequence]) -> Choice:
    """Return the shared computation if its first batch agrees with the plain one.

    The same sequences and the same model give the same choice, whatever has been computed before.
    """
    plain = Plain(checkpoint, sequences)
    if not sequences:
        return Choice(plain)
    reason = hindrance(checkpoint.model.config, max(len(sequence.tokens) for sequence in sequences))
    if not reason:
        shared = Shared(checkpoint, sequences)
        if shared.tokens > (1 - _WORTH) * sum(len(sequence.tokens) for sequence in sequences):
            return Choice(plain)
        try:
            first = halving(shared.batches[0], shared.compute)
            reason = _difference(checkpoint, sequences, shared, plain, dict(first))
        except UNSUPPORTED as error:
            LOG.debug("sharing failed", exc_info=error)
            reason = f"{type(error).__name__}: {error}"
        if not reason:
            return Choice(shared, first)
    LOG.warning("every sequence is computed by itself: %s", reason)
    return Choice(plain)


def hindrance(config: Any, longest: int) -> str:
    """Return why a model cannot share its state among sequences of up to `longest` tokens; empty if none is known."""
    text = config.get_text_config()
    foreign = sorted(set(getattr(text, "layer_types", None) or ()) - _LAYERS)
    if foreign:
        return f"the model has layers of type {foreign[0]}"
    window = getattr(text, "sliding_window", None) if getattr(text, "use_sliding_window", True) else None
    if isinstance(window, int) and longest > window:
        return f"the model looks back {window} tokens, the longest prompt has {longest}"
    scaling = getattr(text, "rope_parameters", None) or getattr(text, "rope_scaling", None) or {}
    kind = scaling.get("rope_type", scaling.get("type"))
    return f"the model's positions depend on the prompt's length ({kind})" if kind in {"dynamic", "longrope"} else ""


def tolerance(model: Any) -> float:
    """Return how far the log-probability of a token may be off."""
    return _TOLERANCE.get(str(model.dtype).removeprefix("torch."), _TOLERANCE["bfloat16"])


def _difference(
    checkpoint: Checkpoint,
    sequences: Sequence[ReadSequence],
    shared: Shared,
    plain: Plain,
    found: dict[int, list[float]],
) -> str:
    """Return how the first batch differs from the plain computation, empty where it does not."""
    index = shared.telling
    ((_, expected),) = plain.compute([Row(None, 0, (index,))])
    unit = tolerance(checkpoint.model)
    for value, other, target in zip(found[index], expected, sequences[index].targets, strict=True):
        if not abs(value - other) <= unit * math.sqrt(len(target.tokens)) and math.isfinite(other):
            return f"with shared beginnings a log-likelihood is {value:.6g}, without them {other:.6g}"
    return ""
