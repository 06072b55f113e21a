"""A checkpoint in memory, as both ways of asking it see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from adapters.native.evaluator.models.room import Room


@dataclass(frozen=True)
class Checkpoint:
    """A model in memory, with what both ways of asking need to know.

    Attributes:
        bos: what the tokenizer puts in front of a raw text; empty for many.
        context: how many tokens the model can look at, None where it does not say.
        batch_tokens, batch_rows: the size of a batch.
        room: for answers under way; None: what `batch_rows` and a few batches' tokens are.
    """

    model: Any
    tokenizer: Any
    device: str
    chat: bool
    bos: tuple[int, ...]
    context: int | None
    batch_tokens: int
    batch_rows: int
    room: Room | None = None

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text, without any special token in front."""
        return list(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the tokens of each text, as `encode` does.

        A tokenizer in Rust uses every core, and need not say where in the text each token stands.
        """
        backend = getattr(self.tokenizer, "backend_tokenizer", None)
        if backend is None:
            return [self.encode(text) for text in texts]
        # What a call of transformers' own sets from its arguments; else what the tokenizer was saved with holds.
        backend.no_truncation()
        backend.no_padding()
        backend.encode_special_tokens = bool(getattr(self.tokenizer, "split_special_tokens", False))
        return [list(found.ids) for found in backend.encode_batch_fast(list(texts), add_special_tokens=False)]

    @cached_property
    def padding(self) -> int:
        """Return the token that fills a batch; it is masked, so any does."""
        return int(next((t for t in (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id) if t is not None), 0))
