"""Prove that a model allows a continuous batch: what it computes there is what it computes for each prompt alone."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from adapters.native.evaluator.models.answers import Answer, Prompt
from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.continuous import ContinuousBatch
from adapters.native.evaluator.models.proof import UNSUPPORTED, hindrance, tolerance
from adapters.native.evaluator.models.trie import Limits, Tokens

LOG = logging.getLogger(__name__)
# Prompts so short need limits of their own, to have a stem, packed rows, and rows that leave and join.
_LIMITS = Limits(width=24, gain=8, reach=8)
_ROWS = 3
_MOST = 4


def disproof(checkpoint: Checkpoint) -> str:
    """Return why answers cannot be generated in a continuous batch; empty where they can."""
    prompts = _prompts(int(checkpoint.model.config.get_text_config().vocab_size))
    reason = hindrance(checkpoint.model.config, max(map(len, prompts)) + _MOST)
    if reason:
        return reason
    try:
        return _difference(checkpoint, prompts)
    except UNSUPPORTED as error:
        LOG.debug("a continuous batch failed", exc_info=error)
        return f"{type(error).__name__}: {error}"


def _prompts(vocabulary: int) -> list[Tokens]:
    """Return prompts of any tokens: a head that all but one share, and tails of several lengths."""
    draw = random.Random(5)  # noqa: S311 - reproducible, not secret

    def some(count: int) -> Tokens:
        return tuple(draw.choices(range(vocabulary), k=count))

    head, topic = some(20), some(6)
    return [*(head + topic + some(count) for count in (2, 5, 9)), *(head + some(count) for count in (3, 12)), some(7)]


def _difference(checkpoint: Checkpoint, prompts: Sequence[Tokens]) -> str:
    """Return how the batch differs from each sequence by itself, in its likeliest tokens; empty where it does not."""
    import torch

    answers: dict[int, Answer] = {}
    logits: dict[int, list[Any]] = {number: [] for number in range(len(prompts))}

    def told(number: int) -> Prompt:
        def end(answer: Answer) -> None:
            answers[number] = answer

        return Prompt(str(number), prompts[number], {"max_tokens": _MOST}, end, on_logits=logits[number].append)

    batch = ContinuousBatch(replace(checkpoint, batch_rows=_ROWS, room=None), in_order=False, limits=_LIMITS)
    for number in range(len(prompts)):
        batch.add(told(number))
    while not batch.idle:
        batch.step()
    for number, tokens in enumerate(prompts):
        found = torch.cat(logits[number]).float().log_softmax(dim=-1)
        whole = [*tokens, *answers[number].tokens][: len(tokens) + len(found) - 1]
        with torch.inference_mode():
            plain = checkpoint.model(input_ids=torch.tensor([whole], device=checkpoint.model.device), use_cache=False)
        expected = plain.logits[0, len(tokens) - 1 :].float().log_softmax(dim=-1)
        best = expected.argmax(dim=-1, keepdim=True)
        far = float((found.gather(1, best) - expected.gather(1, best)).abs().max())
        if not far <= tolerance(checkpoint.model):
            return f"in a continuous batch the log-probability of a token is {far:.2g} off"
    return ""
