"""Answers as OpenAI writes them: one JSON object, or the chunks of a stream. Pure, but for the names of tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from adapters.native.server.answer import Ending, Piece, Whole
from adapters.native.server.toolcalls import Call
from adapters.native.server.work import Scored

DONE = b"data: [DONE]\n\n"
Body = dict[str, Any]
Spell = Callable[[int], str]


@dataclass(frozen=True)
class Head:
    """What all parts of one answer have in common.

    Attributes:
        id: of the answer, without its prefix.
        created: Unix time, in seconds.
        spell: the text of one token.
        with_logprobs, with_prompt_logprobs: what is told beside the text.
        echoes: whether the prompt stands in front of a completion, its tokens too.
    """

    kind: Literal["chat", "text"]
    id: str
    created: int
    model: str
    spell: Spell
    with_logprobs: bool = False
    with_prompt_logprobs: bool = False
    echoes: bool = False


def dumps(body: Mapping[str, Any]) -> bytes:
    """Return compact JSON."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def event(body: Mapping[str, Any]) -> bytes:
    """Return one event of a stream."""
    return b"data: " + dumps(body) + b"\n\n"


def whole(head: Head, choices: Sequence[Body], usage: Body) -> Body:
    """Return the one object."""
    return {**_frame(head, "chat.completion"), "choices": list(choices), "usage": usage}


def chunk(head: Head, choice: Body | None, more: Mapping[str, Any]) -> Body:
    """Return one part of a stream; without a choice it holds what `more` holds."""
    return {**_frame(head, "chat.completion.chunk"), "choices": [] if choice is None else [choice], **more}


def _frame(head: Head, chat: str) -> Body:
    prefix, kind = ("chatcmpl", chat) if head.kind == "chat" else ("cmpl", "text_completion")
    return {"id": f"{prefix}-{head.id}", "object": kind, "created": head.created, "model": head.model}


def usage(prompt: int, completion: int) -> Body:
    """Return the usage object."""
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def error(message: str, *, kind: str, code: str | None, param: str | None) -> Body:
    """Return an error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def choice(head: Head, answer: Whole, echo: str, calls: Sequence[Call], *, legacy: bool = False) -> Body:
    """Return a whole choice; `echo` stands in front of a completion's text."""
    told = _beside(head, answer, 0)
    if head.kind == "text":
        return {
            "index": answer.index, "text": echo + answer.text, **told, "finish_reason": answer.reason,
        }  # fmt: skip
    message: Body = {"role": "assistant", "content": None if calls and not answer.text else answer.text}
    message |= _called(head, calls, answer.index, legacy=legacy)
    return {"index": answer.index, "message": message, **told, "finish_reason": answer.reason}


def first_delta(index: int) -> Body:
    """Return the first part of a chat choice in a stream."""
    return {"index": index, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}


def delta(head: Head, piece: Piece, offset: int) -> Body:
    """Return a part of a choice; `offset`: the length of the completion's text up to here."""
    told = _beside(head, piece, offset)
    if head.kind == "text":
        return {"index": piece.index, "text": piece.text, **told, "finish_reason": piece.reason}
    shown = {"content": piece.text} if piece.text else {}
    return {"index": piece.index, "delta": shown, **told, "finish_reason": piece.reason}


def call_deltas(head: Head, index: int, calls: Sequence[Call], *, legacy: bool) -> Iterator[Body]:
    """Yield the parts of a choice that are calls, each whole."""
    told = _called(head, calls, index, legacy=legacy)
    parts: list[Body] = [told] if legacy else []
    parts += [{"tool_calls": [{"index": place, **call}]} for place, call in enumerate(told.get("tool_calls", ()))]
    for part in parts:
        yield {"index": index, "delta": part, "logprobs": None, "finish_reason": None}


def end(kind: Literal["chat", "text"], index: int, reason: Ending) -> Body:
    """Return the last part of a choice."""
    shown: Body = {"delta": {}} if kind == "chat" else {"text": ""}
    return {"index": index, **shown, "logprobs": None, "finish_reason": reason}


def _called(head: Head, calls: Sequence[Call], index: int, *, legacy: bool) -> Body:
    if not calls:
        return {}
    if legacy:
        return {"function_call": {"name": calls[0].name, "arguments": calls[0].arguments}}
    return {
        "tool_calls": [
            {
                "id": f"call_{head.id}_{index}_{place}",
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for place, call in enumerate(calls)
        ]
    }


def _beside(head: Head, part: Piece | Whole, offset: int) -> Body:
    """Return what is told beside a text: log-probabilities of its tokens and, in vLLM's way, of its prompt's."""
    told: Body = {"logprobs": None}
    if head.with_logprobs:
        told["logprobs"] = _chat(head, part.scored) if head.kind == "chat" else _text(head, part, offset)
    if head.with_prompt_logprobs and part.prompt:
        told["prompt_logprobs"] = [_ranked(head, scored) for scored in part.prompt]
    return told


def _chat(head: Head, scored: Sequence[Scored]) -> Body:
    entries = [
        {**_token(head, entry.token, entry.logprob), "top_logprobs": [_token(head, *pair) for pair in entry.top]}
        for entry in scored
    ]
    return {"content": entries, "refusal": None}


def _token(head: Head, token: int, logprob: float | None) -> Body:
    text = head.spell(token)
    return {"token": text, "logprob": logprob, "bytes": list(text.encode("utf-8", "replace"))}


def _text(head: Head, part: Piece | Whole, offset: int) -> Body:
    """Return the four lists of a completion; the prompt's tokens are in front where it is echoed."""
    scored = (*part.prompt, *part.scored) if head.echoes else part.scored
    texts, offsets = [head.spell(entry.token) for entry in scored], []
    for text in texts:
        offsets.append(offset)
        offset += len(text)
    return {
        "tokens": texts,
        "token_logprobs": [entry.logprob for entry in scored],
        "top_logprobs": [None if entry.logprob is None else _likeliest(head, entry) for entry in scored],
        "text_offset": offsets,
    }


def _likeliest(head: Head, entry: Scored) -> dict[str, float]:
    """Return the likeliest tokens and the one that is there; of two with one text, the likelier."""
    found: dict[str, float] = {}
    for token, logprob in (*entry.top, (entry.token, entry.logprob)):
        found.setdefault(head.spell(token), float(logprob or 0.0))
    return found


def _ranked(head: Head, entry: Scored) -> Body | None:
    if entry.logprob is None:
        return None
    pairs = dict([(entry.token, entry.logprob), *entry.top])
    return {str(token): {"logprob": value, "decoded_token": head.spell(token)} for token, value in pairs.items()}
