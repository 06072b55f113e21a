"""Choose the next token of each row: the likeliest, or drawn so that each answer is its own request's."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from adapters.native.evaluator.models.decoding import Decoding


class Chooser(NamedTuple):
    """What chooses the tokens of one answer; `stream` is advanced by one number a token."""

    decoding: Decoding
    stream: random.Random


def chooser(decoding: Decoding, name: str) -> Chooser:
    """Return the chooser of a request: its draws hang on its seed and name, whatever else is in its batch.

    Python's generator gives the same numbers on every device.
    """
    return Chooser(decoding, random.Random(f"{decoding.seed} {name}"))  # noqa: S311 - reproducible, not secret


def chosen(logits: Any, choosers: Sequence[Chooser], before: Callable[[int], Iterable[int]]) -> list[int]:
    """Return the next token of every row of `logits` (rows x vocabulary); `before`: its prompt and answer so far."""
    scores = _penalized(logits.float(), choosers, before)
    tokens = scores.argmax(dim=-1)
    warps: dict[tuple[float, int, float], list[int]] = {}
    for row, entry in enumerate(choosers):
        if entry.decoding.temperature > 0:
            warps.setdefault(entry.decoding.warp, []).append(row)
    for warp, rows in warps.items():
        tokens[rows] = _drawn(_warped(scores[rows], *warp), [choosers[row].stream.random() for row in rows])
    return [int(token) for token in tokens.tolist()]


def _penalized(scores: Any, choosers: Sequence[Chooser], before: Callable[[int], Iterable[int]]) -> Any:
    """Return scores in which tokens that a row already has count less (Keskar et al. 2019, arXiv:1909.05858, 4.1)."""
    import torch

    fresh = scores
    for row, entry in enumerate(choosers):
        penalty = entry.decoding.repetition_penalty
        if penalty == 1.0:
            continue
        fresh = scores.clone() if fresh is scores else fresh
        seen = torch.tensor(sorted(set(before(row))), device=scores.device)
        own = scores[row, seen]
        fresh[row, seen] = torch.where(own < 0, own * penalty, own / penalty)
    return fresh


def _warped(scores: Any, temperature: float, top_k: int, top_p: float) -> Any:
    """Return scores as temperature, top_k and top_p leave them, in transformers' order."""
    from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    scores = TemperatureLogitsWarper(temperature)(None, scores)
    if top_k > 0:
        scores = TopKLogitsWarper(top_k)(None, scores)
    return TopPLogitsWarper(top_p)(None, scores) if top_p < 1.0 else scores


def _drawn(scores: Any, levels: Sequence[float]) -> Any:
    """Return the token at which the chances of each row, summed up, pass its level (0 to 1)."""
    import torch

    heights = torch.softmax(scores, dim=-1).cumsum(dim=-1, dtype=torch.float64)
    wanted = torch.tensor(levels, dtype=torch.float64, device=heights.device)[:, None] * heights[:, -1:]
    found = torch.searchsorted(heights, wanted, right=True)[:, 0]
    return found.clamp_(
        max=scores.shape[-1] - 1
    )  # a model that computes NaN must not end in an index beyond the last
