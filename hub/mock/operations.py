"""The three operations that take a body: from its bytes to everything that will be sent. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.mock import compose, tokens, wire
from hub.mock.compose import Answerer
from hub.mock.reply import Reply
from hub.mock.request import ChatRequest, CompletionRequest, EmbeddingRequest, read_request

Operation = Literal["chat/completions", "completions", "embeddings"]


@dataclass(frozen=True)
class Prepared:
    """An answer that is ready to be sent.

    Attributes:
        body: the whole answer; empty where it is streamed.
        events: the stream; empty where it is not.
        longest: tokens that come one after another.
        id, prompt, images, answer, notes, prompt_tokens, completion_tokens: for the log.
    """

    model: str
    body: bytes
    events: tuple[wire.Event, ...]
    longest: int
    prompt: str
    answer: str
    notes: tuple[str, ...]
    prompt_tokens: int
    completion_tokens: int
    id: str = ""
    images: tuple[str, ...] = ()


def prepare(operation: Operation, body: bytes, answers: Answerer) -> Prepared:
    """Return the answer to a request.

    Raises:
        BadRequestError: a real server would refuse it.
    """
    match operation:
        case "chat/completions":
            asked = read_request(ChatRequest, body)
            return _generated(asked, compose.chat(asked, answers), compose.last_text(asked))
        case "completions":
            raw = read_request(CompletionRequest, body)
            return _generated(raw, compose.completion(raw, answers), raw.prompts[-1])
        case "embeddings":
            return _embedded(read_request(EmbeddingRequest, body))


def _generated(asked: ChatRequest | CompletionRequest, reply: Reply, prompt: str) -> Prepared:
    first = reply.choices[0]
    return Prepared(
        model=asked.model,
        body=b"" if asked.stream else wire.dumps(wire.whole(reply)),
        events=tuple(wire.events(reply, with_usage=asked.with_usage)) if asked.stream else (),
        longest=reply.longest,
        prompt=prompt,
        answer=first.text or ", ".join(f"{call.name}({call.arguments})" for call in first.calls),
        notes=reply.notes,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        id=reply.id,
        images=reply.images,
    )


def _embedded(asked: EmbeddingRequest) -> Prepared:
    inputs = asked.inputs
    count = sum(map(tokens.count, inputs))
    vectors = [compose.embedding(text, asked.dimensions) for text in inputs]
    body = wire.embeddings(asked.model, vectors, count, packed=asked.encoding_format == "base64")
    return Prepared(asked.model, wire.dumps(body), (), 0, inputs[-1], "", (), count, 0)
