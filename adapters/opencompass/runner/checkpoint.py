"""OpenCompass's own models for checkpoints, with a count of what they have done and an account of each prompt."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from opencompass.models import HuggingFaceBaseModel, HuggingFacewithChatTemplate

from adapters.opencompass.runner.generation import generation_of, prompts_per_row
from adapters.opencompass.runner.session import Held, current
from adapters.runtime.ledger import Call, Ledger


class _Counted:
    """Counts the rows that a model is through with, and writes down what it was asked."""

    _operation: str  # as the ledger names what `generate` does
    generation_kwargs: Mapping[str, Any]
    stop_words: list[str]
    tokenizer: Any
    _held: Held
    _seen = 0
    _own_stop_words: list[str] | None = None

    def begin(self, held: Held) -> None:
        """Say which part the next prompts belong to; its parameters become the model's."""
        self._held, self._seen = held, current().answered(held)
        current().meter.step(held.dataset.label, self._seen)
        torch.manual_seed(current().task.seed)  # for each part, so that it does not depend on those before it
        self.generation_kwargs = generation_of(held.dataset.generation)
        self._own_stop_words = self._own_stop_words or list(self.stop_words)
        self.stop_words = [*self._own_stop_words, *held.dataset.generation.get("stop", ())]

    def generate(
        self,
        inputs: Sequence[Any],
        max_out_len: int,
        min_out_len: int | None = None,
        stopping_criteria: Sequence[str] = (),
        **more: Any,
    ) -> list[str]:
        """Return an answer to each prompt; the names are those that OpenCompass looks for."""
        began = time.time()
        stops = list(stopping_criteria)
        texts: list[str] = super().generate(inputs, max_out_len, min_out_len, stops, **more)  # type: ignore[misc]
        self._account(self._operation, inputs, began, texts)
        return texts

    def _account(
        self, operation: str, prompts: Sequence[Any], began: float, answers: Sequence[str] | None = None
    ) -> None:
        """Note prompts that were computed together; those of one row are likelihoods of its options."""
        per_row = 1 if answers is not None else prompts_per_row(self._held.config)
        took_ms = round(1000 * (time.time() - began), 3)
        calls = [self._call(operation, index, prompt) for index, prompt in enumerate(prompts)]
        with Ledger(current().output) as ledger:
            for index, call in enumerate(calls):
                written = None if answers is None else self._length(answers[index])
                ledger.add(call._replace(at=began, latency_ms=took_ms, tokens_out=written))
        before = self._seen // per_row
        self._seen += len(prompts)
        current().meter.step(self._held.dataset.label, self._seen // per_row - before)

    def _call(self, operation: str, index: int, prompt: Any) -> Call:
        # Prompts of options come option by option, each time in the order of the rows.
        row = (self._seen + index) % self._held.rows
        mark = f"{operation}\n{self._held.part.file}\n{self._seen + index}"
        return Call(
            at=0.0,
            role="candidate",
            dataset=self._held.dataset.label,
            operation=operation,
            sample=f"{self._held.part.file}/{row}",
            key=hashlib.sha256(mark.encode()).hexdigest()[:32],
            model=current().task.model.name,
            tokens_in=self._length(prompt if isinstance(prompt, str) else "".join(turn["prompt"] for turn in prompt)),
        )

    def _length(self, text: str) -> int:
        return len(self.tokenizer(text, add_special_tokens=False)["input_ids"])


class ChatModel(_Counted, HuggingFacewithChatTemplate):  # type: ignore[misc]  # it has no types
    """A checkpoint whose prompts are chat turns."""

    _operation = "chat/completions"


class BaseModel(_Counted, HuggingFaceBaseModel):  # type: ignore[misc]  # it has no types
    """A checkpoint whose prompts are plain text; it also tells how likely a text is."""

    _operation = "completions"

    def get_ppl(self, inputs: Sequence[Any], mask_length: Sequence[int] | None = None) -> Any:
        """Return the perplexity of each prompt; likelihoods of continuations are computed from it."""
        began = time.time()
        found = super().get_ppl(inputs, mask_length)
        self._account("likelihood", inputs, began)
        return found
