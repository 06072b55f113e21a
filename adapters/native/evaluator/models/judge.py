"""Ask the task's judge for its verdict on one answer; what it does not say clearly is asked once more."""

from __future__ import annotations

from typing import NamedTuple

from adapters.native.evaluator.items import Item
from adapters.native.evaluator.models.exchange import Exchange, Raw
from adapters.native.evaluator.models.reply import Reply, read_reply
from adapters.native.evaluator.verdicts import AGAIN, Grade, grading_prompt, read_verdict

# The first request, and one more for a reply that is no verdict; what fails on the way the gateway tries again.
_TRIES = 2
_SHOWN = 100
_PARAMETERS = {"temperature": 0.0, "max_tokens": 1024, "stream": False}


class Ruling(NamedTuple):
    """A grade, or None and why there is none; `failure`: the kind of the last reply's, for the window."""

    grade: Grade | None
    reason: str = ""
    failure: str = ""


async def rule(exchange: Exchange, sample: str, item: Item, answer: str) -> Ruling:
    """Return the judge's ruling on an answer that is not empty."""
    messages = [{"role": "user", "content": grading_prompt(item, answer)}]
    said = ""
    for _ in range(_TRIES):
        reply = await _ask(exchange, sample, messages)
        if reply.outcome.state != "scored":
            return Ruling(None, f"the judge gave no verdict: {reply.outcome.error}", reply.failure)
        said = reply.outcome.text
        if grade := read_verdict(said):
            return Ruling(grade)
        messages += [{"role": "assistant", "content": said}, {"role": "user", "content": AGAIN}]
    return Ruling(None, f"the judge's reply is no verdict: {' '.join(said.split())[:_SHOWN]!r}")


async def _ask(exchange: Exchange, sample: str, messages: list[dict[str, str]]) -> Reply:
    # The gateway puts the upstream's name of the model in place of ours.
    raw = await exchange.post("chat/completions", sample, {"model": "judge", "messages": messages, **_PARAMETERS})
    return read_reply(*raw[:2], chat=True, latency_s=raw.latency_s) if isinstance(raw, Raw) else raw
