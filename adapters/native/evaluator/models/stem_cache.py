"""Keys and values of a stem, in the shape of a transformers cache; import it only where torch is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache

Layers = Sequence[tuple[Any, Any]]


class StemCache(DynamicCache):  # type: ignore[misc]
    """Shows every row of a batch the keys and values of one stem, and keeps a copy of none.

    A cache of transformers would keep the stem once per row and layer, until the batch is done.
    """

    def __init__(self, stem: Layers, *, keep: bool) -> None:
        """Show `stem` (empty: nothing); `keep`: collect what a pass adds to it in `kept`."""
        super().__init__()
        self._stem = stem
        self._keep = keep
        self.kept: list[tuple[Any, Any]] = []

    @property
    def whole(self) -> Layers:
        """Return the stem with what was kept behind it."""
        if not self._stem:
            return self.kept
        return [
            (torch.cat([keys, new_keys], dim=-2), torch.cat([values, new_values], dim=-2))
            for (keys, values), (new_keys, new_values) in zip(self._stem, self.kept, strict=True)
        ]

    def update(self, key_states: Any, value_states: Any, layer_idx: int, *_: Any, **__: Any) -> tuple[Any, Any]:
        """Return the stem's keys and values with the new ones behind them."""
        keys, values = key_states, value_states
        if self._stem:
            before = [part.expand(keys.shape[0], -1, -1, -1) for part in self._stem[layer_idx]]
            keys = torch.cat([before[0], key_states], dim=-2)
            values = torch.cat([before[1], value_states], dim=-2)
        if self._keep:
            self.kept.append((key_states, value_states))
        return keys, values

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Return the stem's length."""
        return int(self._stem[layer_idx][0].shape[-2]) if self._stem else 0

    def get_mask_sizes(self, query_length: int, layer_idx: int) -> tuple[int, int]:
        """Return how many keys there are for so many new tokens, and the place of the first."""
        return self.get_seq_length(layer_idx) + query_length, 0
