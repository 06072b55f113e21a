"""Score the tokens of prompts, and look at what comes after them, in one pass: echoes, and answers of one token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from adapters.native.evaluator.models.batches import batches, halving
from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.reading import read_at
from adapters.native.server.work import Scored, Work

# So many logits are turned into numbers at once: all of a batch in float32 would be most of the memory.
_ROWS = 256


class Passed(NamedTuple):
    """What a pass brought: the prompt's tokens where they are wanted, and the logits behind the last one."""

    prompt: tuple[Scored, ...]
    logits: Any


def prompt_pass(checkpoint: Checkpoint, works: Sequence[Work]) -> list[Passed]:
    """Compute prompts; one whose answer has no room is computed without its last token, which nobody looks behind.

    Raises:
        ModelError: the GPU's memory does not even hold one of them.
    """
    lengths = [len(_input(work)) for work in works]
    found: dict[int, Passed] = {}
    for group in batches(lengths, budget=checkpoint.batch_tokens, rows=checkpoint.batch_rows):
        batch = [works[index] for index in group]
        found |= zip(group, halving(batch, lambda part: _computed(checkpoint, part)), strict=True)
    return [found[index] for index in range(len(works))]


def scored(logits: Any, tokens: Sequence[int], top: int) -> list[Scored]:
    """Return tokens with their log-probability in each row of logits, and the `top` likeliest ones."""
    import torch

    found: list[Scored] = []
    for rows, part in zip(logits.split(_ROWS), torch.tensor(tokens).split(_ROWS), strict=True):
        chances = rows.float().log_softmax(dim=-1)
        own = chances.gather(1, part.to(chances.device)[:, None])[:, 0].tolist()
        best = chances.topk(min(top, chances.shape[-1]), dim=-1)
        pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        tops = [tuple(zip(*pair, strict=True)) for pair in pairs]
        found += [Scored(token, value, other) for token, value, other in zip(part.tolist(), own, tops, strict=True)]
    return found


def _input(work: Work) -> tuple[int, ...]:
    return work.tokens if work.room else work.tokens[:-1] or work.tokens


def _computed(checkpoint: Checkpoint, works: Sequence[Work]) -> list[Passed]:
    """Compute one batch; padding is on the right: under a causal mask no real token sees it."""
    import torch

    model, inputs = checkpoint.model, [_input(work) for work in works]
    width = max(map(len, inputs))
    filled = [[*tokens, *[checkpoint.padding] * (width - len(tokens))] for tokens in inputs]
    mask = [[1] * len(tokens) + [0] * (width - len(tokens)) for tokens in inputs]
    places = [
        (row, place)
        for row, (work, tokens) in enumerate(zip(works, inputs, strict=True))
        for place in range(0 if work.prompt_top is not None else len(tokens) - 1, len(tokens))
    ]
    with torch.inference_mode(), read_at(model, places):
        logits = model(
            input_ids=torch.tensor(filled, device=model.device),
            attention_mask=torch.tensor(mask, device=model.device),
            use_cache=False,
        ).logits[0]
        rows = [[number for number, (row, _) in enumerate(places) if row == index] for index in range(len(works))]
        return [_passed(work, logits[own[0] : own[-1] + 1]) for work, own in zip(works, rows, strict=True)]


def _passed(work: Work, logits: Any) -> Passed:
    if work.prompt_top is None:
        return Passed((), logits[-1:])
    rest = work.tokens[1:]
    told = scored(logits[: len(rest)], rest, work.prompt_top) if rest else []
    return Passed((Scored(work.tokens[0]), *told), logits[-1:])
