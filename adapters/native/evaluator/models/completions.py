"""Ask a server's text completions about one text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from adapters.native.evaluator.models.exchange import Exchange, Raw
from adapters.native.evaluator.models.reply import Reply, read_body

OPERATION = "completions"


class Answer(NamedTuple):
    """A JSON object, and how long it took."""

    body: dict[str, Any]
    latency_s: float


class Completions:
    """The text completions behind an exchange; `model`: the name in requests."""

    def __init__(self, exchange: Exchange, model: str) -> None:
        """Keep both."""
        self._exchange = exchange
        self._model = model

    async def ask(self, sample: str, prompt: str, fields: Mapping[str, Any]) -> Answer | Reply:
        """Return what the server says about `prompt`, else why it says nothing."""
        asked = {"model": self._model, "prompt": prompt, **fields, "stream": False}
        raw = await self._exchange.post(OPERATION, sample, asked)
        if not isinstance(raw, Raw):
            return raw
        body = read_body(raw.status, raw.body, raw.latency_s)
        return body if isinstance(body, Reply) else Answer(body, raw.latency_s)
