"""Log-likelihoods the plain way, which every model allows: each sequence is a row of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.native.evaluator.models.batches import batches
from adapters.native.evaluator.models.chances import log_chances
from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.sequences import ReadSequence
from adapters.native.evaluator.models.trie import Row


class Plain:
    """Computes sequences in batches of like length."""

    def __init__(self, checkpoint: Checkpoint, sequences: Sequence[ReadSequence]) -> None:
        """Plan the batches; nothing is computed yet."""
        self._checkpoint = checkpoint
        self._sequences = sequences
        lengths = [len(sequence.tokens) for sequence in sequences]
        groups = batches(lengths, budget=checkpoint.batch_tokens, rows=checkpoint.batch_rows)
        self.batches = [[Row(None, 0, (index,)) for index in group] for group in groups]

    def compute(self, rows: Sequence[Row]) -> list[tuple[int, list[float]]]:
        """Return the values of every sequence.

        Padding is on the right: under a causal mask no real token sees it, so positions need no correction.
        """
        import torch

        members = [index for row in rows for index in row.members]
        batch = [self._sequences[index] for index in members]
        width = max(len(sequence.tokens) for sequence in batch)
        filled = [list(s.tokens) + [self._checkpoint.padding] * (width - len(s.tokens)) for s in batch]
        mask = [[1] * len(s.tokens) + [0] * (width - len(s.tokens)) for s in batch]
        needed = sorted({place for s in batch for place in range(s.first, len(s.tokens))})
        model = self._checkpoint.model
        device = model.device
        with torch.inference_mode():
            logits = _logits(model, torch.tensor(filled, device=device), torch.tensor(mask, device=device), needed)
            column = {place: index for index, place in enumerate(needed)}
            return [
                (index, _values(logits[row], self._sequences[index], column)) for row, index in enumerate(members)
            ]


def _logits(model: Any, tokens: Any, mask: Any, needed: Sequence[int]) -> Any:
    """Return the logits at the needed positions only: a whole batch of them is most of the memory."""
    import inspect

    import torch

    places = torch.tensor(needed, device=tokens.device)
    if "logits_to_keep" in inspect.signature(model.forward).parameters:
        return model(input_ids=tokens, attention_mask=mask, use_cache=False, logits_to_keep=places).logits
    return model(input_ids=tokens, attention_mask=mask, use_cache=False).logits[:, places]


def _values(logits: Any, sequence: ReadSequence, column: dict[int, int]) -> list[float]:
    end = len(sequence.tokens)
    places = list(range(sequence.first, end))
    kept = logits[[column[place] for place in places]]
    values = []
    for target in sequence.targets:
        rows = range(len(places) - len(target.tokens), len(places))
        values.append(sum(log_chances(kept, rows, target.tokens)))
    return values
