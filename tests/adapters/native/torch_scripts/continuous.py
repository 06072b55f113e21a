"""Print what engines of generation answer in many circumstances, beside transformers with one prompt at a time."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import torch

from adapters.native.contract import NativeModel
from adapters.native.evaluator.models import continuous
from adapters.native.evaluator.models.answers import Prompt
from adapters.native.evaluator.models.continuous import ContinuousBatch
from adapters.native.evaluator.models.local import load
from adapters.native.evaluator.models.lockstep import Lockstep
from adapters.native.evaluator.models.room import Room

TEXTS = [f"What is {n} + {n * 7 % 11}?{' and more' * (n % 5)}" for n in range(20)] + ["Hi", "gold " * 60]
MOST = 24
PENALTY = 1.3


def answered(engine, prompts, *, between=lambda engine, step: None):
    """Return tokens, text and reason of every answer, in the order of the prompts."""
    found = {}
    for number, (name, tokens, parameters) in enumerate(prompts):
        engine.add(Prompt(name, tuple(tokens), parameters, lambda answer, at=number: found.update({at: answer})))
    step = 0
    while not engine.idle:
        engine.step()
        between(engine, step)
        step += 1
    return [list(found[number]) for number in range(len(prompts))]


def plain(checkpoint, tokens, **named):
    """Return what transformers' generate appends to one prompt."""
    prompt = torch.tensor([tokens])
    with torch.inference_mode():
        whole = checkpoint.model.generate(
            input_ids=prompt,
            attention_mask=torch.ones_like(prompt),
            do_sample=False,
            **{"max_new_tokens": MOST} | named,
        )
    new = whole[0, len(tokens) :].tolist()
    return new[:-1] if new[-1] in ends(checkpoint) else new


def ends(checkpoint):
    return checkpoint.model.generation_config.eos_token_id


def let_end(checkpoint, prompts) -> None:
    """Give a random model, which hardly ever ends, end tokens that it says here and there."""
    checkpoint.model.generation_config.eos_token_id = [checkpoint.tokenizer.eos_token_id]
    said = [plain(checkpoint, tokens) for tokens in prompts]
    checkpoint.model.generation_config.eos_token_id += [said[1][4], said[2][9], said[3][20]]


class Small:
    """A GPU whose memory holds so many rows: a larger pass fails, some of them in the middle."""

    def __init__(self, model, rows: int) -> None:
        self.failed = 0
        self._rows = rows
        self._hooks = [model.register_forward_pre_hook(self._first, with_kwargs=True)]
        self._hooks += [model.model.layers[2].register_forward_pre_hook(self._later, with_kwargs=True)]

    def _first(self, _, argv, named):
        self._refuse(named["input_ids"].shape[0] > 2 * self._rows)

    def _later(self, _, argv, named):
        self._refuse(argv[0].shape[0] > self._rows)

    def _refuse(self, refused):
        if refused:
            self.failed += 1
            raise torch.cuda.OutOfMemoryError

    def remove(self):
        for hook in self._hooks:
            hook.remove()


def main(folder: str) -> None:
    torch.set_num_threads(1)  # a model so tiny only waits for a second thread
    checkpoint = load(
        NativeModel("transformers", "tiny", folder, "auto", None), Path(folder), batch_tokens=None
    )._checkpoint
    encoded = [checkpoint.encode(text) for text in TEXTS]
    let_end(checkpoint, encoded)
    greedy = [(str(n), tokens, {"max_tokens": MOST}) for n, tokens in enumerate(encoded)]
    said = {"plain": [plain(checkpoint, tokens) for tokens in encoded]}
    sizes = {
        "all at once": {},
        "three rows": {"batch_rows": 3},
        "few tokens": {"batch_tokens": 40},
        "one row": {"batch_tokens": 1},
        "room for two": {"room": Room(2, 4096)},
        "little room": {"room": Room(16, 90)},
    }
    for name, size in sizes.items():
        said[name] = [tokens for tokens, *_ in answered(ContinuousBatch(replace(checkpoint, **size)), greedy)]
    rows = []
    answered(
        ContinuousBatch(replace(checkpoint, room=Room(2, 4096))),
        greedy[:6],
        between=lambda engine, _: rows.append(len(engine._rows)),
    )
    said["most at once"] = max(rows)
    said["lockstep"] = [tokens for tokens, *_ in answered(Lockstep(checkpoint), greedy)]

    said["penalty plain"] = [plain(checkpoint, tokens, repetition_penalty=PENALTY) for tokens in encoded]
    punished = [(name, tokens, parameters | {"repetition_penalty": PENALTY}) for name, tokens, parameters in greedy]
    said["penalty"] = [tokens for tokens, *_ in answered(ContinuousBatch(checkpoint), punished)]

    stop = checkpoint.tokenizer.decode(said["plain"][0][3:5])
    several = [{}, {"temperature": 1.0, "seed": 3}, {"temperature": 0.7, "top_k": 5, "top_p": 0.9}, {"max_tokens": 2},
               {"stop": [stop]}, {"repetition_penalty": 2.0}]  # fmt: skip
    mixed = [
        (name, tokens, {"max_tokens": MOST} | several[n % len(several)]) for n, (name, tokens, _) in enumerate(greedy)
    ]
    said["mixed"] = answered(ContinuousBatch(checkpoint), mixed)
    said["mixed in lockstep"] = answered(Lockstep(checkpoint), mixed)
    said["mixed, each alone"] = [answered(ContinuousBatch(checkpoint), [prompt])[0] for prompt in mixed]

    said["arriving"] = arriving(checkpoint, greedy)
    said["cancelled"] = cancelled(checkpoint, greedy)
    said["told"] = told(checkpoint, greedy[0])
    for name, engine, rows in (("continuous", ContinuousBatch, 3), ("lockstep", Lockstep, 1)):
        small = Small(checkpoint.model, rows)
        said[f"small memory, {name}"] = [tokens for tokens, *_ in answered(engine(checkpoint), greedy)]
        small.remove()
        said[f"failed, {name}"] = small.failed
    said["small memory to choose in"], said["failed to choose"] = choosing(checkpoint, greedy, rows=3)
    sys.stdout.write(json.dumps(said))


def choosing(checkpoint, prompts, *, rows):
    """Return the answers where the memory that a pass leaves is enough to choose the tokens of so many rows."""
    choose, failed = continuous.next_tokens, []

    def chooses(logits, batch):
        if len(batch) > rows:
            failed.append(len(batch))
            raise torch.cuda.OutOfMemoryError
        return choose(logits, batch)

    continuous.next_tokens = chooses
    try:
        return [tokens for tokens, *_ in answered(ContinuousBatch(checkpoint), prompts)], len(failed)
    finally:
        continuous.next_tokens = choose


def arriving(checkpoint, prompts):
    """Return the answers to prompts of which one comes with every second step."""
    engine, found, waiting = ContinuousBatch(replace(checkpoint, batch_rows=5)), {}, list(enumerate(prompts))
    step = 0
    while waiting or not engine.idle:
        if waiting and step % 2 == 0:
            number, (name, tokens, parameters) = waiting.pop(0)
            engine.add(
                Prompt(name, tuple(tokens), parameters, lambda answer, at=number: found.update({at: answer.tokens}))
            )
        engine.step()
        step += 1
    return [list(found[number]) for number in range(len(prompts))]


def cancelled(checkpoint, prompts):
    """Return which prompts are answered, and how, where every third is cancelled: waiting, under way, or ended."""
    engine, found, tickets = ContinuousBatch(replace(checkpoint, batch_rows=8)), {}, []
    for number, (name, tokens, parameters) in enumerate(prompts):
        tickets.append(
            engine.add(
                Prompt(name, tuple(tokens), parameters, lambda answer, at=number: found.update({at: answer.tokens}))
            )
        )
    engine.step()
    engine.step()
    for ticket in tickets[::3]:
        engine.cancel(ticket)
    while not engine.idle:
        engine.step()
    engine.cancel(tickets[1])
    return {number: list(tokens) for number, tokens in found.items()}


def told(checkpoint, prompt):
    """Return all that callbacks of one prompt are told, in order."""
    name, tokens, parameters = prompt
    heard, engine = [], ContinuousBatch(checkpoint)
    engine.add(Prompt(name, tuple(tokens), parameters, on_start=lambda: heard.append("start"), on_token=heard.append,
                      on_end=lambda answer: heard.append(list(answer.tokens))))  # fmt: skip
    while not engine.idle:
        engine.step()
    return heard


main(*sys.argv[1:])
