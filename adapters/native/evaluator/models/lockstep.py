"""Generate with transformers' own loop, prompts of one length at a time, which every model allows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from adapters.native.evaluator.models.answers import Prompt, UnderWay, next_tokens, under_way
from adapters.native.evaluator.models.batches import halving
from adapters.native.evaluator.models.checkpoint import Checkpoint


class Lockstep:
    """Prompts that wait; a step answers some of the longest ones, which have one length and so need no padding.

    A state that cannot be masked, such as that of a state-space layer, has seen nothing but its own prompt.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Keep the model; nothing is computed before `step`."""
        self._checkpoint = checkpoint
        self._tickets = itertools.count()
        self._rows: dict[int, UnderWay] = {}

    @property
    def idle(self) -> bool:
        """Return whether nothing waits."""
        return not self._rows

    def add(self, prompt: Prompt) -> int:
        """Let a prompt wait, and return its ticket; its callbacks are called within `step`."""
        row = under_way(self._checkpoint, prompt, next(self._tickets))
        self._rows[row.ticket] = row
        return row.ticket

    def cancel(self, ticket: int) -> None:
        """Forget a prompt; nothing is heard of it any more. One that has ended is no error."""
        self._rows.pop(ticket, None)

    def step(self) -> None:
        """Answer as many of the longest prompts as a batch holds.

        Raises:
            ModelError: the GPU's memory does not even hold one of them.
        """
        longest = max(map(len, self._rows.values()))
        group = [row for row in self._rows.values() if len(row) == longest]
        group = [row for row in group if row.prompt.inputs is None] or group[:1]
        size = max(row.room for row in group) + longest
        most = max(1, min(self._checkpoint.batch_rows, self._checkpoint.batch_tokens // size))
        for row in group[:most]:
            row.start()
        halving(group[:most], self._answer)

    def _answer(self, group: Sequence[UnderWay]) -> list[None]:
        """Answer prompts of one length; where an attempt failed on the way, a later one goes on from there."""
        import torch
        from transformers import GenerationConfig

        rows = [row for row in group if row.ticket in self._rows]
        if not rows:
            return []
        model = self._checkpoint.model
        tokens = torch.tensor([[*row] for row in rows], device=model.device)
        with torch.inference_mode():
            model.generate(
                **{"attention_mask": torch.ones_like(tokens), **_besides(model, rows[0])},
                input_ids=tokens,
                generation_config=GenerationConfig(
                    do_sample=False,  # the token that is chosen is the only one with a chance
                    max_new_tokens=max(row.room - len(row.answer) for row in rows),
                    pad_token_id=self._checkpoint.padding,
                ),
                logits_processor=[_chooses(rows, self._note)],
                stopping_criteria=[_stops(rows, self._rows)],
            )
        return []

    def _note(self, row: UnderWay, token: int) -> None:
        """Append a token to an answer unless it has ended, or is wanted no more."""
        if row.ticket not in self._rows:
            return
        answer = row.take(token)
        if answer is not None:
            del self._rows[row.ticket]
        row.tell(token, answer)


def _besides(model: Any, row: UnderWay) -> dict[str, Any]:
    """Return what goes with a prompt's tokens, where the model is and in its type."""
    return {
        name: value.to(model.device, model.dtype if value.is_floating_point() else value.dtype)
        for name, value in (row.prompt.inputs or {}).items()
    }


def _chooses(rows: Sequence[UnderWay], note: Callable[[UnderWay, int], None]) -> Any:
    """Return a logits processor that chooses the next tokens, notes them and leaves nothing else to choose."""
    import torch
    from transformers import LogitsProcessor

    class Chooses(LogitsProcessor):  # type: ignore[misc]
        def __call__(self, _: Any, scores: Any) -> Any:
            tokens = next_tokens(scores, rows)
            for row, token in zip(rows, tokens, strict=True):
                note(row, token)
            places = torch.tensor(tokens, device=scores.device)[:, None]
            return torch.full_like(scores, -torch.inf).scatter_(1, places, 0.0)

    return Chooses()


def _stops(rows: Sequence[UnderWay], running: dict[int, UnderWay]) -> Any:
    """Return a stopping criterion: a row is done once it is no more among those that are running."""
    import torch
    from transformers import StoppingCriteria

    class Stops(StoppingCriteria):  # type: ignore[misc]
        def __call__(self, tokens: Any, _: Any, **__: Any) -> Any:
            return torch.tensor([row.ticket not in running for row in rows], device=tokens.device)

    return Stops()
