"""Generate answers in the fastest way that a model allows: for a whole data set, or for whoever asks a server."""

from __future__ import annotations

import logging
from typing import NamedTuple

from adapters.native.evaluator.models.answers import Prompt
from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.continuous import ContinuousBatch
from adapters.native.evaluator.models.decoding import decoding
from adapters.native.evaluator.models.lockstep import Lockstep
from adapters.native.evaluator.models.proof import hindrance

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

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Keep the model; nothing is computed before `step`."""
        self._checkpoint = checkpoint
        self._continuous = ContinuousBatch(checkpoint)
        self._lockstep = Lockstep(checkpoint)
        self._told: set[str] = set()

    @property
    def idle(self) -> bool:
        """Return whether all prompts are answered."""
        return self._continuous.idle and self._lockstep.idle

    def add(self, prompt: Prompt) -> Ticket:
        """Let a prompt wait for its place; its callbacks are called within `step`."""
        if prompt.inputs is not None:
            return Ticket(continuous=False, number=self._lockstep.add(prompt))
        longest = len(prompt.tokens) + decoding(prompt.parameters).max_tokens
        reason = hindrance(self._checkpoint.model.config, min(longest, self._checkpoint.context or longest))
        if not reason:
            return Ticket(continuous=True, number=self._continuous.add(prompt))
        if reason not in self._told:
            LOG.warning("answers are generated in lockstep: %s", reason)
            self._told.add(reason)
        return Ticket(continuous=False, number=self._lockstep.add(prompt))

    def cancel(self, ticket: Ticket) -> None:
        """Forget a prompt; nothing is heard of it any more. One that has ended is no error."""
        (self._continuous if ticket.continuous else self._lockstep).cancel(ticket.number)

    def step(self) -> None:
        """Compute one token of every answer under way; of what goes in lockstep, some whole answers.

        Raises:
            ModelError: the GPU's memory does not even hold one of them.
        """
        if not self._continuous.idle:
            self._continuous.step()
        elif not self._lockstep.idle:
            self._lockstep.step()
