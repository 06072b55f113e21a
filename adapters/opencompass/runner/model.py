"""The model behind the gateway, as OpenCompass sees it: a prompt list in, texts out, every failure kept apart."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx
from opencompass.models.base_api import BaseAPIModel

from adapters.opencompass.contract import FAILURES_FILE
from adapters.opencompass.runner.session import Held, current
from adapters.opencompass.runner.wire import RequestError, answer_of, messages_of, text_of
from adapters.runtime import job

SAMPLE_HEADER = "X-Evaldock-Sample"


class GatewayModel(BaseAPIModel):  # type: ignore[misc]  # it has no types
    """A model behind an OpenAI-compatible server. One try a request: the gateway has tried again already."""

    is_api = True

    def __init__(self, path: str, max_seq_len: int, meta_template: dict[str, Any] | None = None) -> None:
        """Keep how to ask; nothing is sent yet."""
        super().__init__(path=path, max_seq_len=max_seq_len, meta_template=meta_template, retry=1)
        session = current()
        self._chat = session.task.model.chat is not False
        self._client = httpx.Client(
            timeout=session.task.request_timeout_s,
            trust_env=False,  # the gateway is on this machine: no proxy may stand between
            limits=httpx.Limits(max_connections=session.task.concurrency),
        )
        self._pool = ThreadPoolExecutor(session.task.concurrency)
        self._failures = threading.Lock()
        self._held: Held | None = None
        self._asked = 0

    def begin(self, held: Held) -> None:
        """Say which part the next prompts belong to; they are numbered from 0 in the order in which they come."""
        self._held = held
        self._asked = 0

    def generate(self, inputs: Sequence[Any], max_out_len: int, **_: object) -> list[str]:
        """Return an answer for each prompt; an empty one where the request failed, which is noted."""
        first = self._asked
        self._asked += len(inputs)
        longest = [max_out_len] * len(inputs)
        return list(self._pool.map(self._answer, range(first, self._asked), inputs, longest))

    def _answer(self, number: int, prompt: Any, max_out_len: int) -> str:
        held = self._held
        if held is None:
            raise RuntimeError("a prompt before begin() told whose it is")
        try:
            answer = self._ask(held, number, prompt, max_out_len)
        except RequestError as error:
            self._note(held, number, error)
            current().meter.step(held.dataset.label, errors=1)
            return ""
        current().meter.step(held.dataset.label)
        return answer

    def _ask(self, held: Held, number: int, prompt: Any, max_out_len: int) -> str:
        operation = "chat/completions" if self._chat else "completions"
        sample = quote(f"{held.part.file}/{number}", safe="/ ")
        try:
            response = self._client.post(
                f"{job.gateway_url('candidate', held.dataset.label)}/{operation}",
                content=json.dumps(self._body(held, prompt, max_out_len), ensure_ascii=False).encode(
                    "utf-8", "replace"
                ),
                headers={"Content-Type": "application/json", SAMPLE_HEADER: sample},
            )
        except httpx.HTTPError as error:
            message = f"no answer from the gateway: {type(error).__name__}: {error}"
            raise RequestError(message, seen=False) from error
        return answer_of(response.status_code, response.content, chat=self._chat)

    def _body(self, held: Held, prompt: Any, max_out_len: int) -> dict[str, Any]:
        asked = {"messages": messages_of(prompt)} if self._chat else {"prompt": text_of(prompt)}
        # The gateway puts the upstream's name of the model in place of ours.
        return {"model": self.path, **asked, "max_tokens": max_out_len, "temperature": 0.0, **held.dataset.generation}

    def _note(self, held: Held, number: int, error: RequestError) -> None:
        entry = {"part": held.part.file, "index": number, "error": str(error), "seen": error.seen}
        line = json.dumps(entry, ensure_ascii=False) + "\n"
        with self._failures, (current().output / FAILURES_FILE).open("a", encoding="utf-8") as file:
            file.write(line)
