"""Keys and values of answers under way, in the shape of a transformers cache; import it only where torch is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache

Layers = Sequence[tuple[Any, Any]]
# Room for more tokens is made in such steps, because it moves what is there; a multiple of what kernels align to.
STEP = 64
# As wide as the keys that a pass looks at are rounded up to.
_ALIGNED = 16
_ROWS = 8


class Slots(DynamicCache):  # type: ignore[misc]
    """The first rows of a rectangle are in use, each from its left edge: `lengths` says how far.

    A pass adds one token to every row in use. What stands to the right of a row is masked, so that rows of any length
    are computed side by side, and no position needs correction.
    """

    def __init__(self) -> None:
        """Start without any row."""
        super().__init__()
        self.lengths: list[int] = []
        self._layers: list[tuple[Any, Any]] = []
        self._places: Any = None
        self._width = 0

    def __len__(self) -> int:
        """Return how many rows are in use."""
        return len(self.lengths)

    def add(self, stem: Layers, layers: Layers, picks: Sequence[tuple[int, Sequence[int]]]) -> None:
        """Append a row for each pick: the stem, and what stands at the pick's places in its row of `layers`."""
        first, start = len(self.lengths), int(stem[0][0].shape[-2]) if stem else 0
        widths = [start + len(places) for _, places in picks]
        self._make_room(layers, first + len(picks), max(widths) + 1)
        rows = slice(first, first + len(picks))
        chosen = [(row, _index(places, layers[0][0].device)) for row, places in picks]
        for index, own in enumerate(self._layers):
            for side, part in enumerate(own):
                if stem:
                    part[rows, :, :start] = stem[index][side]
                given = layers[index][side]
                for number, (row, places) in enumerate(chosen, first):
                    part[number, :, start : widths[number - first]] = given[row, :, places]
        self.lengths += widths

    def remove(self, row: int) -> None:
        """Forget a row; the last one takes its place."""
        last = len(self.lengths) - 1
        if row != last:
            length = self.lengths[last]
            with torch.inference_mode():  # the tensors were made in it
                for part in (part for layer in self._layers for part in layer):
                    part[row, :, :length] = part[last, :, :length]
        self.lengths[row] = self.lengths[last]
        self.lengths.pop()
        if not self.lengths:
            self._layers = []

    def begin(self, dtype: Any, device: Any) -> tuple[Any, Any]:
        """Make room for one more token in every row, and return mask and positions of the pass that adds them."""
        self._make_room(self._layers, len(self.lengths), max(self.lengths) + 1)
        self._width = min(-(-(max(self.lengths) + 1) // _ALIGNED) * _ALIGNED, int(self._layers[0][0].shape[-2]))
        lengths = torch.tensor(self.lengths, device=device)
        self._places = lengths
        unseen = torch.arange(self._width, device=device)[None] > lengths[:, None]
        mask = torch.zeros(unseen.shape, dtype=dtype, device=device).masked_fill_(unseen, torch.finfo(dtype).min)
        return mask[:, None, None], lengths[:, None]

    def end(self) -> None:
        """Count the token that a pass has added to every row; a pass that failed may be begun again."""
        self.lengths = [length + 1 for length in self.lengths]

    def update(self, key_states: Any, value_states: Any, layer_idx: int, *_: Any, **__: Any) -> tuple[Any, Any]:
        """Put each row's new key and value behind its others, and return all of them."""
        keys, values = self._layers[layer_idx]
        count = len(self.lengths)
        rows, places = torch.arange(count, device=keys.device), self._places.to(keys.device)
        keys[rows, :, places] = key_states[:, :, 0]
        values[rows, :, places] = value_states[:, :, 0]
        return keys[:count, :, : self._width], values[:count, :, : self._width]

    def get_seq_length(self, layer_idx: int = 0) -> int:  # noqa: ARG002 - the same for all layers
        """Return how wide the rows in use are."""
        return max(self.lengths, default=0)

    def _make_room(self, like: Layers, rows: int, width: int) -> None:
        """Make the rectangle large enough, layer by layer, so that little is there twice at a time."""
        if not self._layers:
            self._layers = [(_empty(keys), _empty(values)) for keys, values in like]
        rows, width = (
            -(-rows // _ROWS) * _ROWS,
            -(-max([width, *(length + 1 for length in self.lengths)]) // STEP) * STEP,
        )
        for index, (keys, values) in enumerate(self._layers):
            self._layers[index] = (self._grown(keys, rows, width), self._grown(values, rows, width))

    def _grown(self, part: Any, rows: int, width: int) -> Any:
        if part.shape[0] >= rows and part.shape[2] >= width:
            return part
        fresh = part.new_zeros((rows, part.shape[1], width, part.shape[3]))
        count, length = len(self.lengths), max(self.lengths, default=0)
        fresh[:count, :, :length] = part[:count, :, :length]
        return fresh


def _index(places: Sequence[int], device: Any) -> Any:
    """Return an index for places: a slice where they follow each other, which copies nothing on its way."""
    if places[-1] - places[0] == len(places) - 1:
        return slice(places[0], places[-1] + 1)
    return torch.tensor(places, device=device)


def _empty(part: Any) -> Any:
    return part.new_zeros((0, part.shape[1], 0, part.shape[3]))
