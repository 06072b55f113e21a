"""Have a model compute logits only where they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def read_at(model: Any, places: Sequence[tuple[int, int]]) -> Iterator[None]:
    """Let the model compute logits at `places` only: they come as one row.

    `logits_to_keep` of transformers means the same places for every row; what comes after the head (a cap, a scale)
    is done by the model as ever.
    """
    import torch

    rows, columns = (torch.tensor(side) for side in zip(*places, strict=True))

    def chosen(_: Any, argv: tuple[Any, ...]) -> tuple[Any, ...]:
        hidden = argv[0]
        return (hidden[rows.to(hidden.device), columns.to(hidden.device)][None], *argv[1:])

    hook = model.get_output_embeddings().register_forward_pre_hook(chosen)
    try:
        yield
    finally:
        hook.remove()
