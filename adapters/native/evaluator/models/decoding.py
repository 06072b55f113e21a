"""How one answer is decoded: the parameters of a request, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_TOKENS = 512


@dataclass(frozen=True)
class Decoding:
    """What a task or a client says about an answer, and nothing of what a checkpoint recommends.

    Attributes:
        temperature: 0 takes the likeliest token; then neither top_k, top_p nor seed matter.
        top_k: 0 for no bound.
        stop: texts that end the answer and are not part of it.
    """

    max_tokens: int = MAX_TOKENS
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int = 0

    @property
    def warp(self) -> tuple[float, int, float]:
        """Return what decides the chances of tokens; answers of one warp are drawn together."""
        return self.temperature, self.top_k, self.top_p


def decoding(parameters: Mapping[str, Any]) -> Decoding:
    """Return the parameters as task.json and OpenAI's requests have them; what is absent or null is the default."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return Decoding(
        max_tokens=int(given.get("max_tokens", MAX_TOKENS)),
        temperature=float(given.get("temperature", 0.0)),
        top_k=int(given.get("top_k", 0)),
        top_p=float(given.get("top_p", 1.0)),
        repetition_penalty=float(given.get("repetition_penalty", 1.0)),
        stop=tuple(str(text) for text in given.get("stop", ()) if text),
        seed=int(given.get("seed", 0)),
    )
