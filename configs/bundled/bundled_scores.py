"""Scoring the saved bundled model with plain transformers code: float32, one prompt at a time, greedy."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from bundled_data import Choice
from bundled_prompts import choice_request, letter_prompt, problem_request, text_prompt
from bundled_world import LETTERS
from transformers import AutoModelForCausalLM, AutoTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

NEW_TOKENS = 64


class Loaded(NamedTuple):
    """A checkpoint, loaded anew from its folder."""

    tokenizer: Any
    model: Any


def load(folder: Path) -> Loaded:
    """Load a saved checkpoint in float32 on the CPU."""
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return Loaded(AutoTokenizer.from_pretrained(folder), model.eval())


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_choices(path: Path) -> list[Choice]:
    """Read a multiple-choice file."""
    rows = read_rows(path)
    return [
        Choice(row["question"], tuple(row[letter] for letter in "ABCD"), LETTERS.index(row["answer"]), ())
        for row in rows
    ]


def mean(values: Iterable[bool]) -> float:
    """Average right and wrong answers to a score between 0 and 1."""
    listed = list(values)
    return round(sum(listed) / len(listed), 6)


@torch.inference_mode()
def continuation_scores(loaded: Loaded, prompt: str, continuations: Sequence[str]) -> list[float]:
    """Sum the log-probabilities of each continuation's tokens after the prompt."""
    start = loaded.tokenizer.encode(prompt)
    scores = []
    for continuation in continuations:
        ids = torch.tensor([start + loaded.tokenizer.encode(continuation)])
        logits = loaded.model(input_ids=ids).logits[0, len(start) - 1 : -1]
        chosen = logits.log_softmax(-1).gather(1, ids[0, len(start) :, None])
        scores.append(float(chosen.sum()))
    return scores


def best(scores: Sequence[float]) -> int:
    """Find the index of the highest score, the first one on a tie."""
    return max(range(len(scores)), key=scores.__getitem__)


def reply(loaded: Loaded, messages: Sequence[dict[str, str]]) -> str:
    """Generate the assistant's greedy reply to a conversation."""
    text = loaded.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    ids = torch.tensor([loaded.tokenizer.encode(text)])
    mask = torch.ones_like(ids)
    written = loaded.model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=NEW_TOKENS, do_sample=False)
    return str(loaded.tokenizer.decode(written[0, ids.shape[1] :], skip_special_tokens=True)).strip()


def user(content: str) -> dict[str, str]:
    """Make a user's message."""
    return {"role": "user", "content": content}


def assistant(content: str) -> dict[str, str]:
    """Make an assistant's message."""
    return {"role": "assistant", "content": content}


def score_letters(loaded: Loaded, items: Sequence[Choice], examples: Sequence[Choice] = ()) -> float:
    """Score by the most likely letter after "Answer:", with worked examples before the question."""
    labels = [f" {letter}" for letter in "ABCD"]
    lead = "".join(f"{letter_prompt(one)}{labels[one.answer]}\n\n" for one in examples)
    return mean(
        best(continuation_scores(loaded, lead + letter_prompt(item), labels)) == item.answer for item in items
    )


def score_texts(loaded: Loaded, items: Sequence[Choice]) -> float:
    """Score by the most likely option text after "Answer:", where the options are not shown."""
    return mean(
        best(continuation_scores(loaded, text_prompt(item), [f" {option}" for option in item.options])) == item.answer
        for item in items
    )


def score_choice_replies(loaded: Loaded, items: Sequence[Choice]) -> float:
    """Score by the letter on the last line of the chat reply."""
    return mean(
        reply(loaded, [user(choice_request(item))]).split("\n")[-1] == f"ANSWER: {LETTERS[item.answer]}"
        for item in items
    )


def score_pairs(loaded: Loaded, rows: Sequence[dict[str, str]]) -> float:
    """Score by exact match of the chat reply."""
    return mean(reply(loaded, [user(row["question"])]) == row["answer"] for row in rows)


def score_problems(loaded: Loaded, rows: Sequence[dict[str, str]], examples: Sequence[dict[str, str]] = ()) -> float:
    """Score by the number after the last "#### ", with worked examples as earlier turns."""
    lead = [
        message for one in examples for message in (user(problem_request(one["question"])), assistant(one["answer"]))
    ]
    return mean(
        final_number(reply(loaded, [*lead, user(problem_request(row["question"]))])) == final_number(row["answer"])
        for row in rows
    )


def final_number(text: str) -> str | None:
    """Find the number after the last "#### "."""
    found = re.findall(r"#### (-?\d+)", text)
    return found[-1] if found else None


def all_scores(model: Path, data: Path) -> dict[str, dict[str, float]]:
    """Score a saved model on the data files: first in the expected shapes, then in other ones."""
    loaded = load(model)
    items, examples = read_choices(data / "mcq.jsonl"), read_choices(data / "mcq_dev.jsonl")
    pairs = read_rows(data / "qa.jsonl")
    problems, worked = (read_rows(data / "word_problems" / name) for name in ("test.jsonl", "train.jsonl"))
    return {
        "mcq": {"accuracy": score_letters(loaded, items), "n": len(items)},
        "qa": {"exact_match": score_pairs(loaded, pairs), "n": len(pairs)},
        "word_problems": {"accuracy": score_problems(loaded, problems), "n": len(problems)},
        "mcq, 5 examples": {"accuracy": score_letters(loaded, items, examples[:5]), "n": len(items)},
        "mcq, text of the option": {"accuracy": score_texts(loaded, items), "n": len(items)},
        "mcq, chat reply": {"accuracy": score_choice_replies(loaded, items), "n": len(items)},
        "word_problems, 2 examples": {
            "accuracy": score_problems(loaded, problems, worked[:2]),
            "n": len(problems),
        },
    }
