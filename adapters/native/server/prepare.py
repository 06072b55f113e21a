"""From a request to the works that answer it, or to why it cannot be answered."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any, Literal

from adapters.native.server.errors import RefusedError
from adapters.native.server.request import ChatRequest, CompletionRequest, Generation, Tokens
from adapters.native.server.toolcalls import beginning
from adapters.native.server.vocabulary import Vocabulary
from adapters.native.server.work import Work

# What OpenAI and vLLM take where a completion says nothing; a conversation may use the context.
_COMPLETION_ROOM = 16
_ENDLESS_ROOM = 4096  # for a model that does not say how much it can look at


@dataclass(frozen=True)
class Prepared:
    """A request that can be answered.

    Attributes:
        works: one for each choice, in their order.
        echoes: texts that stand in front of the choices; None: nothing does.
        prompt_tokens: of all prompts; several answers to one count it once.
        stops: texts that end an answer.
        calls: how calls in the answer are written, empty where it can have none.
        names: of the functions that may be called.
        begun: what the answers begin with that the model did not write.
        with_logprobs, with_prompt_logprobs: what is told beside the text.
    """

    kind: Literal["chat", "text"]
    works: tuple[Work, ...]
    echoes: tuple[str, ...] | None
    prompt_tokens: int
    stops: tuple[str, ...]
    calls: Literal["", "tool_calls", "function_call"] = ""
    names: frozenset[str] = frozenset()
    begun: str = ""
    with_logprobs: bool = False
    with_prompt_logprobs: bool = False

    @property
    def legacy(self) -> bool:
        """Return whether calls are written as before there were tools."""
        return self.calls == "function_call"


class Preparation:
    """Prepares requests for one model; `context`: how many tokens it can look at, None where it does not say."""

    def __init__(self, vocabulary: Vocabulary, context: int | None) -> None:
        """Keep both."""
        self._vocabulary = vocabulary
        self._context = context

    def chat(self, request: ChatRequest) -> Prepared:
        """Prepare an answer to a conversation.

        Raises:
            RefusedError: it cannot be answered.
        """
        tools, begun = request.offered, self._begun(request)
        more = request.chat_template_kwargs or {}
        tokens, inputs = self._vocabulary.chat(request.messages, tools, more, begun)
        if inputs is not None and request.prompt_logprobs is not None:
            raise RefusedError("prompt_logprobs: prompts with pictures are not scored", param="prompt_logprobs")
        asked = request.max_completion_tokens or request.max_tokens
        room = self._room(tokens, asked)
        top = (request.top_logprobs or 0) if request.logprobs else None
        calls: Literal["tool_calls", "function_call"] = "function_call" if request.legacy else "tool_calls"
        return Prepared(
            kind="chat",
            works=tuple(
                replace(work, inputs=inputs)
                for work in _works(request, [(tokens, room)], top, request.prompt_logprobs)
            ),
            echoes=None,
            prompt_tokens=len(tokens),
            stops=request.stops,
            calls=calls if tools else "",
            names=frozenset(request.names if tools else ()),
            begun=begun,
            with_logprobs=top is not None,
            with_prompt_logprobs=request.prompt_logprobs is not None,
        )

    def _begun(self, request: ChatRequest) -> str:
        """Return what an answer is made to begin with: a call that is forced, or JSON; else nothing."""
        if request.forced is not None:
            return beginning(self._vocabulary.template, request.forced)
        return "{" if request.wants_json else ""

    def completion(self, request: CompletionRequest) -> Prepared:
        """Prepare answers to raw prompts.

        Raises:
            RefusedError: one of them cannot be answered.
        """
        prompts = [self._tokens(prompt) for prompt in request.prompts]
        asked = _COMPLETION_ROOM if request.max_tokens is None else request.max_tokens
        prompt_top = request.logprobs if request.echo else None
        if request.prompt_logprobs is not None:
            prompt_top = max(prompt_top or 0, request.prompt_logprobs)
        scores = prompt_top is not None
        pairs = [(tokens, self._room(tokens, asked, scores=scores)) for tokens in prompts]
        texts = [
            prompt if isinstance(prompt, str) else self._vocabulary.decode(prompt, specials=True)
            for prompt in request.prompts
            for _ in range(request.n or 1)
        ]
        return Prepared(
            kind="text",
            works=tuple(_works(request, pairs, request.logprobs, prompt_top)),
            echoes=tuple(texts) if request.echo else None,
            prompt_tokens=sum(map(len, prompts)),
            stops=request.stops,
            with_logprobs=request.logprobs is not None,
            with_prompt_logprobs=request.prompt_logprobs is not None,
        )

    def _tokens(self, prompt: str | Tokens) -> tuple[int, ...]:
        if isinstance(prompt, str):
            return self._vocabulary.encode(prompt)
        stranger = next((token for token in prompt if not 0 <= token < self._vocabulary.size), None)
        if stranger is not None or not prompt:
            what = "an empty list" if stranger is None else f"{stranger}, which is no token of the model"
            raise RefusedError(f"prompt holds {what} (they are 0 to {self._vocabulary.size - 1})", param="prompt")
        return prompt

    def _room(self, tokens: tuple[int, ...], asked: int | None, *, scores: bool = False) -> int:
        """Return how long the answer may be: what the context leaves, at most what is asked for.

        A prompt that fills the context still has one next token, and one that is only scored does not need its last
        token to be looked at.
        """
        if self._context is None:
            return _ENDLESS_ROOM if asked is None else asked
        longest = self._context + 1 if scores else self._context if asked in {0, 1} else self._context - 1
        if len(tokens) > longest:
            message = (
                f"This model's maximum context length is {self._context} tokens, but the prompt has {len(tokens)} "
                "and needs room for an answer: shorten it."
            )
            raise RefusedError(message, code="context_length_exceeded", param="messages")
        left = self._context - len(tokens)
        return left if asked is None else min(asked, max(left, 1 if len(tokens) == self._context else 0))


def _works(
    request: Generation, prompts: list[tuple[tuple[int, ...], int]], top: int | None, prompt_top: int | None
) -> list[Work]:
    parameters = _parameters(request)
    return [
        Work(tokens, room, parameters, name=str(number), top=top, prompt_top=prompt_top)
        for tokens, room in prompts
        for number in range(request.n or 1)
    ]


def _parameters(request: Generation) -> dict[str, Any]:
    """Return how tokens are chosen; what the checkpoint recommends does not count, what is not said is OpenAI's."""
    found: dict[str, Any] = {}
    if request.repetition_penalty not in (None, 1):
        found["repetition_penalty"] = request.repetition_penalty
    temperature = 1.0 if request.temperature is None else request.temperature
    if temperature == 0:
        return found
    found["temperature"] = temperature
    if request.top_p is not None:
        found["top_p"] = request.top_p
    if request.top_k is not None and request.top_k > 0:
        found["top_k"] = request.top_k
    found["seed"] = secrets.randbits(31) if request.seed is None else request.seed
    return found
