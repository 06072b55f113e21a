"""A text completions server on a made-up model: every token has a log-probability that its text and place decide.

It answers in the shape of vLLM: `echo` with `logprobs`, `prompt_logprobs`, and the likeliest next tokens.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

VOCABULARY = [" A", " B", " C", " D", " the", "\n", " 7", "."]


def tokens_of(text: str) -> list[str]:
    return re.findall(r"\s?\w+|\s|[^\w\s]", text)


def logprob(before: Sequence[str], token: str) -> float:
    return -0.01 - (zlib.crc32("".join([*before, "|", token]).encode()) % 5000) / 1000


def likelihood(context: str, continuation: str) -> float:
    """Return what is right, computed token by token."""
    start, whole = len(tokens_of(context)), tokens_of(context + continuation)
    return sum(logprob(whole[:place], whole[place]) for place in range(start, len(whole)))


@dataclass
class FakeCompletions:
    """The server; `serves`: of `echo`, `prompt_logprobs` and `logprobs` what it knows; all else is ignored.

    Attributes:
        limit: of `logprobs`; above it requests are refused.
        wrong_list: the list of next tokens has other numbers than echo.
        generates: whether a token is generated and listed behind the prompt's own.
        context: longest prompt, in tokens.
        refuses: echo is refused where it is not served.
        counts_bos: a token in front of every prompt is counted, but not listed.
    """

    serves: Sequence[str] = ("echo", "prompt_logprobs", "logprobs")
    limit: int = 20
    wrong_list: bool = False
    generates: bool = True
    context: int = 10_000
    refuses: bool = False
    counts_bos: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked.append(body)
        if not request.path.endswith("/v1/completions"):
            return web.json_response({"error": {"message": "no such path"}}, status=404)
        if problem := self._problem(body):
            return web.json_response({"error": {"message": problem}}, status=400)
        return web.json_response(self._answer(body))

    def _problem(self, body: dict[str, Any]) -> str:
        if body.get("logprobs", 0) > self.limit:
            return f"logprobs must be at most {self.limit}"
        if self.refuses and body.get("echo") and "echo" not in self.serves:
            return "echo is not supported"
        return "the prompt is too long" if len(tokens_of(body["prompt"])) > self.context else ""

    def _answer(self, body: dict[str, Any]) -> dict[str, Any]:
        prompt, choice = tokens_of(body["prompt"]), {"index": 0, "text": " the", "finish_reason": "length"}
        own = [None, *(logprob(prompt[:place], prompt[place]) for place in range(1, len(prompt)))]
        generated = [logprob(prompt, " the")] if self.generates else []
        if body.get("logprobs") and "logprobs" in self.serves:
            count = body["logprobs"]
            top = {token: logprob(prompt, token) - 3 * self.wrong_list for token in VOCABULARY}
            best = dict(sorted(top.items(), key=lambda pair: -pair[1])[:count])
            echoes = body.get("echo") and "echo" in self.serves
            values, lists = ([*own, *generated], [None] * len(prompt)) if echoes else (generated, [])
            choice["logprobs"] = {"token_logprobs": values, "top_logprobs": [*lists, best]}
        if "prompt_logprobs" in body and "prompt_logprobs" in self.serves:
            choice["prompt_logprobs"] = [None, *({"5": {"logprob": value, "rank": 1}} for value in own[1:])]
        usage = {"prompt_tokens": len(prompt) + self.counts_bos, "completion_tokens": int(self.generates)}
        return {"choices": [choice], "usage": usage}
