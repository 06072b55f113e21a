"""Generate many answers at once: those that have ended leave the batch, and those that wait take their places."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from typing import Any

from adapters.native.evaluator.errors import ModelError
from adapters.native.evaluator.models.answers import Prompt, UnderWay, next_tokens, under_way
from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.prefill import Computed, Prefill, added
from adapters.native.evaluator.models.room import Room
from adapters.native.evaluator.models.trie import Limits

# A step works on one token per row: a batch may hold that much more than one of whole sequences.
BUDGET_FACTOR = 4
# A row is let in where there is room for that many tokens of its answer; for more, the newest row gives way.
_HEADROOM = 64
# A pass for few prompts costs hardly less than one for many: in a full batch this share must have left before.
_SHARE = 8


class ContinuousBatch:
    """Answers under way, and prompts that wait, first come first served; not for several threads at a time.

    An answer hangs on its own request alone, but for the last bits of the numbers it is computed from.
    """

    def __init__(self, checkpoint: Checkpoint, *, in_order: bool = True, limits: Limits = Limits()) -> None:  # noqa: B008
        """Keep the model; nothing is computed before `step`.

        `in_order`: what came first has its place first; else those that share most come together, longest first.
        """
        self._checkpoint = checkpoint
        room = checkpoint.room or Room(checkpoint.batch_rows, checkpoint.batch_tokens * BUDGET_FACTOR)
        self._most, self._budget = room.rows, room.tokens
        self._tickets = itertools.count()
        self._in_order = in_order
        self._prefill = Prefill(checkpoint, limits)
        self._new: list[UnderWay] = []  # nobody has looked yet what they share
        self._waiting: deque[UnderWay] = deque()
        self._rows: list[UnderWay] = []  # in the order of the slots
        self._slots: Any = None

    @property
    def budget(self) -> int:
        """Return how many tokens may be under way, with the padding; fewer once memory was short."""
        return self._budget

    @property
    def idle(self) -> bool:
        """Return whether nothing is under way and nothing waits."""
        return not (self._rows or self._waiting or self._new)

    def add(self, prompt: Prompt) -> int:
        """Let a prompt wait for its place, and return its ticket; its callbacks are called within `step`."""
        row = under_way(self._checkpoint, prompt, next(self._tickets))
        self._new.append(row)
        return row.ticket

    def cancel(self, ticket: int) -> None:
        """Forget a prompt; nothing is heard of it any more. One that has ended is no error."""
        self._new = [row for row in self._new if row.ticket != ticket]
        self._waiting = deque(row for row in self._waiting if row.ticket != ticket)
        for place, row in enumerate(self._rows):
            if row.ticket == ticket:
                self._leave(place)
                return

    def release(self) -> None:
        """Keep no beginning of prompts any more."""
        self._prefill.forget()

    def step(self) -> None:
        """Compute one token of every answer under way, after letting in what there is room for.

        Raises:
            ModelError: the GPU's memory does not even hold one of them.
        """
        import torch

        try:
            with torch.inference_mode():
                self._plan()
                self._let_in()
                self._advance()
            return
        except torch.cuda.OutOfMemoryError as error:
            if len(self._rows) + len(self._joining()) <= 1:
                raise ModelError("the GPU's memory does not hold one prompt", hint="Use a larger GPU.") from error
        # Outside the handler: the exception keeps the tensors of the failed attempt alive.
        rows = [*self._rows, *self._joining()]
        self._budget = min(self._budget, _area(rows)) // 2
        self._give_way()
        self.release()
        torch.cuda.empty_cache()

    def _plan(self) -> None:
        """Find out what new prompts share, and let them wait."""
        if self._new:
            ordered = self._prefill.plan(self._new)
            self._waiting.extend(self._new if self._in_order else ordered)
            self._new = []

    def _joining(self) -> list[UnderWay]:
        """Return what waits and has room: in rows, in tokens with the padding, and in one pass.

        That is the first prompt, and then what shares its beginning.
        """
        found: list[UnderWay] = []
        widest, tokens = max(map(len, self._rows), default=0), 0
        for row in self._waiting:
            if found and row.beginning is not found[0].beginning:
                continue
            widest = max(widest, len(row) + min(_HEADROOM, row.room))
            rows = len(self._rows) + len(found) + 1
            if rows > 1 and (rows > self._most or rows * widest > self._budget):
                return found if len(found) >= len(self._rows) // _SHARE else []
            tokens += added(row, found[-1] if found else None)
            if found and tokens > self._checkpoint.batch_tokens:
                return found
            found.append(row)
        return found

    def _let_in(self) -> None:
        """Compute the prompts of what has room, until there is no more of it."""
        while joining := self._joining():
            for row in joining:
                row.start()
            for computed in self._prefill.compute(joining):
                self._take(computed)

    def _take(self, computed: Computed) -> None:
        """Give prompts that were computed their places in the batch, and their first tokens."""
        if self._slots is None:
            from adapters.native.evaluator.models.slots import Slots

            self._slots = Slots()
        first = len(self._rows)
        self._slots.add(computed.stem, computed.layers, computed.picks)
        try:
            tokens = next_tokens(computed.logits, computed.rows)
        except BaseException:  # such as too little memory: they wait on, and are computed again
            for place in reversed(range(first, len(self._slots))):
                self._slots.remove(place)
            raise
        tickets = {row.ticket for row in computed.rows}
        self._waiting = deque(row for row in self._waiting if row.ticket not in tickets)
        self._rows += computed.rows
        self._note(tokens, first)

    def _advance(self) -> None:
        """Compute one more token of every row."""
        import torch

        self._give_way()
        if not self._rows:
            return
        model = self._checkpoint.model
        mask, positions = self._slots.begin(model.dtype, model.device)
        logits = model(
            input_ids=torch.tensor([[row.answer[-1]] for row in self._rows], device=model.device),
            attention_mask=mask,
            position_ids=positions,
            past_key_values=self._slots,
            use_cache=True,
        ).logits[:, -1]
        tokens = next_tokens(logits, self._rows)  # may lack memory: the pass counts only once they are there
        self._slots.end()
        self._note(tokens, 0)

    def _give_way(self) -> None:
        """Send the newest rows back to wait where all together are too many tokens; what they have is kept."""
        while len(self._rows) > 1 and _area(self._rows) > self._budget:
            newest = max(range(len(self._rows)), key=lambda place: self._rows[place].ticket)
            self._waiting.appendleft(self._leave(newest))

    def _leave(self, place: int) -> UnderWay:
        """Take a row out of the batch; the last one takes its place, as in the slots."""
        self._slots.remove(place)
        row, last = self._rows[place], self._rows.pop()
        if row is not last:
            self._rows[place] = last
        return row

    def _note(self, tokens: Sequence[int], first: int) -> None:
        """Give every row from `first` on its next token, and end those that it ends; then tell of all that."""
        rows = self._rows[first:]
        answers = [row.take(token) for row, token in zip(rows, tokens, strict=True)]
        for place in reversed(range(len(rows))):
            if answers[place] is not None:
                self._leave(first + place)
        for row, token, answer in zip(rows, tokens, answers, strict=True):
            row.tell(token, answer)


def _area(rows: Sequence[UnderWay]) -> int:
    """Return how many tokens rows hold side by side, with the padding."""
    return len(rows) * max(map(len, rows), default=0)
