"""Read log-probabilities of tokens off logits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# Logits are turned into float32 and summed up by so many rows: all at once would be most of the memory.
_ROWS = 256


def log_chances(logits: Any, rows: Sequence[int], tokens: Sequence[int]) -> list[float]:
    """Return the natural-log probability of `tokens[i]` in `rows[i]` of logits (rows x vocabulary)."""
    import torch

    norms = torch.cat([part.float().logsumexp(dim=-1) for part in logits.split(_ROWS)])
    places = torch.tensor(rows, device=logits.device)
    chosen = logits[places, torch.tensor(tokens, device=logits.device)].float()
    return [float(value) for value in (chosen - norms[places]).double().tolist()]
