"""How much room a GPU has for answers under way: a step costs it nearly the same for one answer as for hundreds."""

from __future__ import annotations

from typing import Any, NamedTuple

# Measured on an H100, 1.5 billion weights: a step of 512 answers takes a fifth longer than one of 128.
_ROWS = 512
_TOKENS = 1 << 18
# Of the memory that the weights leave; the rest is for prompts, for logits, and for keys while they move.
_SHARE = 0.5


class Room(NamedTuple):
    """How many answers may be under way at once, and how many tokens in all, with the padding."""

    rows: int
    tokens: int


def room_of(config: Any, *, number_bytes: int, free_bytes: int) -> Room | None:
    """Return the room in what memory is free beside a model; None where its config does not say what a token takes.

    Args:
        config: of the model, as transformers has it.
        number_bytes: what a number takes in keys and values.
        free_bytes: of all GPUs that hold the model.
    """
    text = config.get_text_config()
    heads = getattr(text, "num_attention_heads", None)
    layers, hidden = getattr(text, "num_hidden_layers", None), getattr(text, "hidden_size", None)
    if not (heads and layers and hidden):
        return None
    kept = getattr(text, "num_key_value_heads", None) or heads
    size = getattr(text, "head_dim", None) or hidden // heads
    token_bytes = 2 * layers * kept * size * number_bytes
    return Room(_ROWS, max(1, min(_TOKENS, int(free_bytes * _SHARE) // token_bytes)))
