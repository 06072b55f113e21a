"""Generate answers in the fastest way that a model proves to allow: for a data set, or for whoever asks a server."""

from __future__ import annotations

import logging
from typing import NamedTuple

from adapters.native.evaluator.models.answers import Prompt
from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.continuous import ContinuousBatch
from adapters.native.evaluator.models.decoding import decoding
from adapters.native.evaluator.models.generation_proof import disproof
from adapters.native.evaluator.models.lockstep import Lockstep
from adapters.native.evaluator.models.proof import hindrance

# While answers are generated side by side, those that go in lockstep have a turn every so many steps.
_TURN = 64
LOG = logging.getLogger(__name__)


class Ticket(NamedTuple):
    """What a prompt is known by until its answer is there."""

    continuous: bool
    number: int


class Generator:
    """Takes prompts at any time, and answers them a step at a time; not for several threads at a time.

    generator = Generator(checkpoint)
    ticket = generator.add(Prompt("name", tokens, {"max_tokens": 16}, on_end=print))
    while not generator.idle:
        generator.step()
    """

    def __init__(self, checkpoint: Checkpoint, *, in_order: bool = True) -> None:
        """Find out what the model allows.

        `in_order`: what came first is answered first; else those that share most come together, longest first.

        Raises:
            ModelError: the GPU's memory does not hold a few short prompts.
        """
        self._checkpoint = checkpoint
        self._reason = disproof(checkpoint)
        self._continuous = ContinuousBatch(checkpoint, in_order=in_order)
        self._lockstep = Lockstep(checkpoint)
        self._over = False
        self._steps = 0
        if self._reason:
            LOG.warning("answers are generated in lockstep: %s", self._reason)

    @property
    def facts(self) -> dict[str, str]:
        """Return how answers were generated so far, for the summary."""
        if self._reason:
            return {"generation": f"lockstep: {self._reason}"}
        found = f"continuous, {self._continuous.budget} tokens"
        return {"generation": f"{found}; in lockstep what reaches over the model's window" if self._over else found}

    @property
    def idle(self) -> bool:
        """Return whether all prompts are answered."""
        return self._continuous.idle and self._lockstep.idle

    def add(self, prompt: Prompt) -> Ticket:
        """Let a prompt wait for its place; its callbacks are called within `step`."""
        if prompt.inputs is not None or self._reason or self._reaches_over(prompt):
            return Ticket(continuous=False, number=self._lockstep.add(prompt))
        return Ticket(continuous=True, number=self._continuous.add(prompt))

    def _reaches_over(self, prompt: Prompt) -> bool:
        """Return whether a prompt and its answer may be longer than the model's window."""
        longest = len(prompt.tokens) + decoding(prompt.parameters).max_tokens
        longest = min(longest, self._checkpoint.context or longest)
        reason = hindrance(self._checkpoint.model.config, longest)
        if reason and not self._over:
            LOG.warning("some answers are generated in lockstep: %s with its answer", reason)
        self._over = self._over or bool(reason)
        return bool(reason)

    def cancel(self, ticket: Ticket) -> None:
        """Forget a prompt; nothing is heard of it any more. One that has ended is no error."""
        (self._continuous if ticket.continuous else self._lockstep).cancel(ticket.number)

    def step(self) -> None:
        """Compute one token of every answer under way; of what goes in lockstep, now and then some whole answers.

        Raises:
            ModelError: the GPU's memory does not even hold one of them.
        """
        self._steps += 1
        due = self._continuous.idle or self._steps % _TURN == 0
        if not self._continuous.idle:
            self._continuous.step()
        if due and not self._lockstep.idle:
            self._lockstep.step()

    def release(self) -> None:
        """Give memory back that is kept in case that later prompts begin like former ones."""
        self._continuous.release()
