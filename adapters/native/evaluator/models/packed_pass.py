"""Passes of a model over packed rows, behind a stem whose keys and values are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.reading import read_at
from adapters.native.evaluator.models.trie import Packed

Layers = Sequence[tuple[Any, Any]]


class Passed(NamedTuple):
    """What a pass brought: a line of logits for each place that is read, and what the rows add to their stem."""

    logits: Any
    layers: Layers


def grown(checkpoint: Checkpoint, layers: Layers, tokens: Sequence[int]) -> Layers:
    """Return the layers of a stem with more tokens behind it."""
    import torch

    from adapters.native.evaluator.models.stem_cache import StemCache

    cache = StemCache(layers, keep=True)
    start, device = cache.get_seq_length(), checkpoint.model.device
    # Nobody reads the stem's logits: the last place costs least.
    with read_at(checkpoint.model, [(0, len(tokens) - 1)]):
        checkpoint.model(
            input_ids=torch.tensor([tokens], device=device),
            position_ids=torch.arange(start, start + len(tokens), device=device)[None],
            past_key_values=cache,
            use_cache=True,
        )
    return cache.whole


def packed_pass(
    checkpoint: Checkpoint,
    packed: Sequence[Packed],
    stem: Layers,
    places: Sequence[tuple[int, int]],
    *,
    keep: bool = False,
) -> Passed:
    """Return the logits at `places` (row and token) of packed rows; `keep`: and the rows' own keys and values."""
    import torch

    from adapters.native.evaluator.models.stem_cache import StemCache

    model, width = checkpoint.model, max(len(entry.tokens) for entry in packed)
    cache = StemCache(stem, keep=keep)
    start = cache.get_seq_length()

    def filled(lines: Sequence[Sequence[int]], padding: Sequence[int]) -> Any:
        return torch.tensor([[*line, *padding[len(line) :]] for line in lines], device=model.device)

    tokens = filled([entry.tokens for entry in packed], [checkpoint.padding] * width)
    if all(len(entry.paths) == 1 for entry in packed):
        # No token sees padding that stands behind it: the model's own mask, and so its fastest kernel, will do.
        mask, positions = None, filled([entry.places for entry in packed], range(start, start + width))
    else:
        # Padding sees itself, because to see nothing is not a number.
        mask = _mask(filled([entry.ends for entry in packed], range(1, width + 1)), start, model.dtype)
        positions = filled([entry.places for entry in packed], [start] * width)
    with read_at(model, places):
        logits = model(
            input_ids=tokens,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        ).logits[0]
    return Passed(logits, cache.kept)


def _mask(ends: Any, start: int, dtype: Any) -> Any:
    """Return what is added to the attention's scores (rows x 1 x tokens x keys): 0 where a token sees a key."""
    import torch

    count, width = ends.shape
    index = torch.arange(width, device=ends.device)
    seen = (index[None, None, :] <= index[None, :, None]) & (index[None, :, None] < ends[:, None, :])
    mask = torch.zeros((count, 1, width, start + width), dtype=dtype, device=ends.device)
    mask[:, 0, :, start:].masked_fill_(~seen, torch.finfo(dtype).min)
    return mask
