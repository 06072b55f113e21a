"""Print our batched log-likelihoods beside plain ones, computed one sequence at a time with transformers alone."""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from adapters.native.contract import NativeModel
from adapters.native.evaluator.models.local import load
from adapters.native.evaluator.request import Likelihood, Outcome

REQUESTS = [
    ("Which word is an animal?\nA. melon\nB. horse\nC. stone\nD. gold\nAnswer:", (" A", " B", " C", " D")),
    ("Question: What is the capital of France?\nAnswer:", (" Paris", " a much longer answer, of many tokens", " x")),
    ("Hi", (" there", "!")),
    ("A context that ends with a blank: ", ("Paris", "gold")),
    ("The quick brown fox jumps over the lazy dog. " * 9, (" again", " never")),
    *[(f"What is {n} + {n}?" * (1 + n % 5), (f" {2 * n}", f" {3 * n}", " none of them")) for n in range(40)],
]


def plain(model, tokenizer, context: str, continuation: str) -> float:
    stripped = context.rstrip()
    continuation = context[len(stripped) :] + continuation
    whole = tokenizer(stripped + continuation)["input_ids"]
    cut = len(tokenizer(stripped)["input_ids"])
    with torch.inference_mode():
        scores = torch.log_softmax(model(torch.tensor([whole])).logits[0], dim=-1)
    return sum(float(scores[place - 1, whole[place]]) for place in range(cut, len(whole)))


def main(folder: str, batch_tokens: str) -> None:
    target = NativeModel("transformers", "tiny", folder, "auto", None)
    ours: dict[int, Outcome] = {}
    model = load(target, Path(folder), batch_tokens=int(batch_tokens))
    requests = [Likelihood(str(i), context, options) for i, (context, options) in enumerate(REQUESTS)]
    model.answer("test", requests, ours.__setitem__)
    reference = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    expected = [[plain(reference, tokenizer, context, text) for text in options] for context, options in REQUESTS]
    found = [list(ours[index].likelihoods) for index in range(len(REQUESTS))]
    sys.stdout.write(json.dumps({"found": found, "expected": expected, "facts": dict(model.facts)}))


main(*sys.argv[1:])
