"""The engine over a checkpoint: answers in a continuous batch, prompts that are scored in passes of their own."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapters.native.evaluator.errors import ModelError
from adapters.native.evaluator.models.answers import Answer, Prompt, answer_ends
from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.decoding import decoding
from adapters.native.evaluator.models.generator import Generator, Ticket
from adapters.native.evaluator.models.sampling import chooser, chosen
from adapters.native.server.prompt_pass import Passed, prompt_pass, scored
from adapters.native.server.work import Progress, Scored, Work

LOG = logging.getLogger(__name__)


class CheckpointEngine:
    """Computes works by a model in memory.

    A prompt that is scored, or has room for one token, needs one pass and no keys and values: such works are computed
    together, a batch before each step of the others.
    """

    def __init__(self, checkpoint: Checkpoint, *, alone: bool = False) -> None:
        """Keep the model; `alone`: its answers are not computed in company, as those of models that see."""
        self._checkpoint = checkpoint
        self._nothing: Mapping[str, Any] | None = {} if alone else None
        self._ends = answer_ends(checkpoint)
        self._passes: dict[int, Work] = {}
        self._answers: dict[int, Ticket] = {}
        self._generator = Generator(checkpoint)
        self._found: list[Progress] = []

    def add(self, key: int, work: Work) -> None:
        """Take a work under a number of its own."""
        if work.inputs is None and (work.prompt_top is not None or work.room <= 1):
            self._passes[key] = work
        else:
            self._generate(key, work)

    def cancel(self, key: int) -> None:
        """Forget a work; one that ended or was never there is no error."""
        self._passes.pop(key, None)
        ticket = self._answers.pop(key, None)
        if ticket is not None:
            self._generator.cancel(ticket)

    def step(self) -> Sequence[Progress]:
        """Compute a batch of prompts and one token of every answer, and return what came of it."""
        import torch

        with torch.inference_mode():
            if self._passes:
                self._found += self._pass()
            if not self._generator.idle:
                self._step()
        found, self._found = self._found, []
        return found

    def _step(self) -> None:
        try:
            self._generator.step()
        except ModelError as error:
            # It says so of one prompt that is alone; which one of those that wait it is, is not known.
            LOG.error("%s", error.reason)  # noqa: TRY400 - a sentence, no traceback
            self._found += [Progress(key, error=error.reason) for key in self._answers]
            self._answers.clear()
            self._generator = Generator(self._checkpoint)

    def _generate(self, key: int, work: Work) -> None:
        sink = _Sink(key, work, self._found_one)
        prompt = Prompt(
            name=work.name,
            tokens=work.tokens,
            parameters={**work.parameters, "max_tokens": work.room},
            on_end=sink.end,
            on_token=sink.token,
            on_logits=sink.logits if work.top is not None else None,
            inputs=self._nothing if work.inputs is None else work.inputs,
        )
        self._answers[key] = self._generator.add(prompt)

    def _found_one(self, progress: Progress) -> None:
        self._found.append(progress)
        if progress.ended:
            self._answers.pop(progress.key, None)

    def _pass(self) -> Iterator[Progress]:
        """Compute as many prompts as a batch holds, those that came first."""
        batch: dict[int, Work] = {}
        longest = 0
        for key, work in self._passes.items():
            longest = max(longest, len(work.tokens))
            if batch and (len(batch) + 1) * longest > self._checkpoint.batch_tokens:
                break
            batch[key] = work
        for key in batch:
            del self._passes[key]
        try:
            passed = prompt_pass(self._checkpoint, list(batch.values()))
        except ModelError as error:
            yield from (Progress(key, error=error.reason) for key in batch)
            return
        for (key, work), entry in zip(batch.items(), passed, strict=True):
            yield self._passed(key, work, entry)

    def _passed(self, key: int, work: Work, entry: Passed) -> Progress:
        """Return what a pass brought: the whole answer, or the prompt alone where there is more to generate."""
        if work.room == 0:
            return Progress(key, entry.prompt, reason="length")
        if work.room > 1:
            self._generate(key, replace(work, prompt_top=None))
            return Progress(key, entry.prompt)
        parameters: Mapping[str, Any] = work.parameters
        token, *_ = chosen(entry.logits, [chooser(decoding(parameters), work.name)], lambda _: work.tokens)
        if token in self._ends:
            return Progress(key, entry.prompt, reason="stop")
        return Progress(key, entry.prompt, (_told(token, entry.logits, work.top),), "length")


class _Sink:
    """Takes what the generator tells of one answer."""

    def __init__(self, key: int, work: Work, found: Any) -> None:
        self._key = key
        self._top = work.top
        self._found = found
        self._logits: Any = None

    def logits(self, logits: Any) -> None:
        self._logits = logits

    def token(self, token: int) -> None:
        self._found(Progress(self._key, tokens=(_told(token, self._logits, self._top),)))

    def end(self, answer: Answer) -> None:
        self._found(Progress(self._key, reason=answer.reason))


def _told(token: int, logits: Any, top: int | None) -> Scored:
    return Scored(token) if top is None else scored(logits, [token], top)[0]
