"""Group sequences into batches: longest first, so that padding is little and a lack of memory shows at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from adapters.native.evaluator.errors import ModelError

T = TypeVar("T")
R = TypeVar("R")


def batches(lengths: Sequence[int], *, budget: int, rows: int, slack: float = 1.0) -> Iterator[list[int]]:
    """Yield lists of indices: at most `rows` of them and `budget` tokens with the padding, but at least one row.

    `slack`: the share of a row that may be padding.
    """
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    start = 0
    while start < len(order):
        longest = lengths[order[start]]
        size = max(1, min(rows, budget // max(1, longest)))
        least = longest * (1 - slack)
        group = [index for index in order[start : start + size] if lengths[index] >= least]
        yield group
        start += len(group)


def halving(batch: Sequence[T], compute: Callable[[Sequence[T]], list[R]]) -> list[R]:
    """Return `compute(batch)`; in halves where the GPU's memory does not hold it at once.

    Raises:
        ModelError: it does not even hold one.
    """
    import torch

    try:
        return compute(batch)
    except torch.cuda.OutOfMemoryError as error:
        if len(batch) == 1:
            raise ModelError("the GPU's memory does not hold one prompt", hint="Use a larger GPU.") from error
    # Outside the handler: the exception keeps the tensors of the failed attempt alive.
    torch.cuda.empty_cache()
    middle = len(batch) // 2
    return halving(batch[:middle], compute) + halving(batch[middle:], compute)
