"""From a request to the whole reply: what is asked, what is said, where it is cut, what it costs. Pure."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Protocol

from hub.mock import draw, scores, tokens
from hub.mock.answers import Asked, Belief, Called, Said, Turn
from hub.mock.example import example
from hub.mock.images import describe
from hub.mock.reply import Choice, Reason, Reply
from hub.mock.request import (
    ChatRequest,
    CompletionRequest,
    ImageUrl,
    Message,
    Part,
    ResponseFormat,
)
from hub.mock.tools import calls_of, is_legacy, named_call, offered

_COMPLETION_TOKENS = 16
_DIMENSIONS = 256
_PER_MESSAGE = 4


class Answerer(Protocol):
    """What decides what is said."""

    def say(self, asked: Asked) -> Said:
        """Return an answer."""

    def call(self, asked: Asked) -> Called | None:
        """Return the function that is called instead; None where the answerer knows of none."""

    def judge(self, prompt: str) -> Belief | None:
        """Return what it thinks of the answer at the end of a prompt."""


def chat(request: ChatRequest, answers: Answerer) -> Reply:
    """Return the reply to a conversation.

    Raises:
        BadRequestError: an image is no image.
    """
    images = {id(part): describe(_url(part)) for message in request.messages for part in _images(message)}
    last = _last(request)
    asked = Asked(
        _text(last),
        tuple(images[id(part)] for part in _images(last)),
        request.seed,
        turns=tuple(Turn(message.role, _text(message)) for message in request.messages),
        functions=offered(request),
    )
    made = [_chat_choice(request, replace(asked, index=index), answers) for index in range(request.n or 1)]
    prompt = sum(tokens.count(_text(message)) + _PER_MESSAGE for message in request.messages)
    choices = tuple(choice for choice, _ in made)
    return Reply(
        kind="chat",
        id=f"chatcmpl-{_name(asked.text, request.model, choices)}",
        model=request.model,
        choices=choices,
        prompt_tokens=prompt + len(images) * tokens.IMAGE_TOKENS,
        completion_tokens=sum(_cost(choice) for choice in choices),
        legacy=is_legacy(request),
        notes=tuple(note for _, note in made),
        images=tuple(images.values()),
    )


def last_text(request: ChatRequest) -> str:
    """Return the text that is answered: that of the last turn which is not the model's own."""
    return _text(_last(request))


def _last(request: ChatRequest) -> Message:
    turns = reversed(request.messages)
    return next((message for message in turns if message.role != "assistant"), request.messages[-1])


def _chat_choice(request: ChatRequest, asked: Asked, answers: Answerer) -> tuple[Choice, str]:
    known = answers.call(asked) if asked.functions else None
    calls = (named_call(known, asked),) if known else calls_of(request, asked.text, asked.index)
    if calls:
        reason: Reason = "function_call" if is_legacy(request) else "tool_calls"
        return Choice(asked.index, (), reason, calls), known.note if known else "called"
    said = answers.say(asked)
    text = _formed(said.text, request.response_format)
    limits = [limit for limit in (request.max_completion_tokens, request.max_tokens) if limit is not None]
    done = tokens.finish(text, request.stops, min(limits, default=None))
    scored = scores.of_answer(done.tokens, said.others, request.top_logprobs or 0) if request.logprobs else None
    return Choice(asked.index, done.tokens, done.reason, scored=scored), said.note


def _name(asked: object, model: str, choices: tuple[Choice, ...]) -> str:
    return draw.digest(asked, model, *(choice.text for choice in choices)).hex()[:24]


def _formed(text: str, wanted: ResponseFormat | None) -> str:
    """Return the answer in the form that was asked for; one that has it already is left alone."""
    if wanted is None or wanted.type == "text":
        return text
    try:
        if isinstance(json.loads(text), dict):
            return text
    except (ValueError, RecursionError):
        pass
    if wanted.type == "json_schema" and wanted.json_schema and wanted.json_schema.schema_ is not None:
        return json.dumps(example(wanted.json_schema.schema_, text), ensure_ascii=False)
    return json.dumps({"answer": text}, ensure_ascii=False)


def _cost(choice: Choice) -> int:
    return len(choice.tokens) + sum(tokens.count(call.name + call.arguments) for call in choice.calls)


def _text(message: Message) -> str:
    if message.content is None or isinstance(message.content, str):
        return message.content or ""
    return "\n".join(part.text for part in message.content if part.text is not None)


def _images(message: Message) -> list[Part]:
    parts = message.content if isinstance(message.content, tuple) else ()
    return [part for part in parts if part.image_url is not None]


def _url(part: Part) -> str:
    return part.image_url.url if isinstance(part.image_url, ImageUrl) else part.image_url or ""


def completion(request: CompletionRequest, answers: Answerer) -> Reply:
    """Return the reply to raw prompts: `n` choices for each, in order."""
    pairs = [(prompt, index) for prompt in request.prompts for index in range(request.n or 1)]
    made = [_text_choice(request, *pair, place, answers) for place, pair in enumerate(pairs)]
    choices = tuple(choice for choice, _, _ in made)
    return Reply(
        kind="text",
        id=f"cmpl-{_name(request.prompts, request.model, choices)}",
        model=request.model,
        choices=choices,
        prompt_tokens=sum(map(tokens.count, request.prompts)),
        completion_tokens=sum(generated for _, generated, _ in made),
        notes=tuple(note for _, _, note in made),
    )


def _text_choice(
    request: CompletionRequest, prompt: str, index: int, place: int, answers: Answerer
) -> tuple[Choice, int, str]:
    """Return a choice, the number of tokens generated for it, and its note."""
    said = answers.say(Asked(prompt, seed=request.seed, index=index))
    most = _COMPLETION_TOKENS if request.max_tokens is None else request.max_tokens
    done = tokens.finish(said.text, request.stops, most)
    top, scored = request.logprobs, None
    if top is not None:
        scored = scores.of_answer(done.tokens, said.others, top)
    shown = done.tokens
    if request.echo:
        before = scores.of_prompt(prompt, answers.judge(prompt) if top is not None else None, top or 0)
        scored = (*before, *scored) if scored is not None else None
        shown = (*(entry.token for entry in before), *done.tokens)
    return Choice(place, shown, done.reason, scored=scored), len(done.tokens), said.note if most else ""


def embedding(text: str, dimensions: int | None) -> list[float]:
    """Return a unit vector: texts that share words lie near each other."""
    size = dimensions or _DIMENSIONS
    vector = [0.0] * size
    for token in tokens.split(text.casefold()):
        drawn = draw.number("embedding", token.strip())
        vector[drawn % size] += 1.0 if drawn >> 63 else -1.0
    length = math.sqrt(sum(value * value for value in vector))
    if not length:  # opposite words on the same place
        return [1.0, *vector[1:]]
    return [value / length for value in vector]
