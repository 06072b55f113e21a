"""OpenCompass's own models for checkpoints, with a count of what they have done and the parameters of the part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opencompass.models import HuggingFaceBaseModel, HuggingFacewithChatTemplate

from adapters.opencompass.runner.session import Held, current


class _Counted:
    """Counts the rows that a model is through with."""

    generation_kwargs: Mapping[str, Any]
    stop_words: list[str]
    _held: Held
    _seen = 0
    _own_stop_words: list[str] | None = None

    def begin(self, held: Held) -> None:
        """Say which part the next prompts belong to."""
        self._held, self._seen = held, 0
        self.generation_kwargs = generation_of(held.dataset.generation)
        self._own_stop_words = self._own_stop_words or list(self.stop_words)
        self.stop_words = [*self._own_stop_words, *held.dataset.generation.get("stop", ())]

    def _count(self, prompts: int, per_row: int = 1) -> None:
        before = self._seen // per_row
        self._seen += prompts
        current().meter.step(self._held.dataset.label, self._seen // per_row - before)


class ChatModel(_Counted, HuggingFacewithChatTemplate):  # type: ignore[misc]  # it has no types
    """A checkpoint whose prompts are chat turns."""

    def generate(
        self,
        inputs: Sequence[Any],
        max_out_len: int,
        min_out_len: int | None = None,
        stopping_criteria: Sequence[str] = (),
        **more: Any,
    ) -> list[str]:
        """Return an answer for each prompt; the names are those that OpenCompass looks for."""
        texts: list[str] = super().generate(inputs, max_out_len, min_out_len, list(stopping_criteria), **more)
        self._count(len(inputs))
        return texts


class BaseModel(_Counted, HuggingFaceBaseModel):  # type: ignore[misc]  # it has no types
    """A checkpoint whose prompts are plain text; it also tells how likely a text is."""

    def generate(
        self,
        inputs: Sequence[Any],
        max_out_len: int,
        min_out_len: int | None = None,
        stopping_criteria: Sequence[str] = (),
        **more: Any,
    ) -> list[str]:
        """Return a continuation of each prompt; the names are those that OpenCompass looks for."""
        texts: list[str] = super().generate(inputs, max_out_len, min_out_len, list(stopping_criteria), **more)
        self._count(len(inputs))
        return texts

    def get_ppl(self, inputs: Sequence[Any], mask_length: Sequence[int] | None = None) -> Any:
        """Return the perplexity of each prompt."""
        found = super().get_ppl(inputs, mask_length)
        self._count(len(inputs), options_of(self._held.config))
        return found

    def get_loglikelihood(self, inputs: Sequence[Any], conts: Sequence[str]) -> Any:
        """Return how likely each continuation is after its prompt."""
        found = super().get_loglikelihood(inputs, conts)
        self._count(len(inputs), options_of(self._held.config))
        return found


def options_of(config: Mapping[str, Any]) -> int:
    """Return how many prompts stand for one row of a data set that is scored by likelihood."""
    infer = config["infer_cfg"]
    if labels := infer["inferencer"].get("labels"):
        return len(labels)
    template = (infer.get("prompt_template") or infer.get("ice_template") or {}).get("template")
    return len(template) if isinstance(template, Mapping) and template else 1


def generation_of(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a request as transformers' `generate` knows them."""
    if not parameters.get("temperature"):
        drawn = {}
    else:
        drawn = {
            "do_sample": True,
            **{key: parameters[key] for key in ("temperature", "top_p", "top_k") if key in parameters},
        }
    return {**drawn, **{key: parameters[key] for key in ("repetition_penalty",) if key in parameters}}
