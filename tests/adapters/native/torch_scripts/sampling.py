"""Print answers sampled under different batches, names and seeds, and tokens' frequencies beside their chances."""

import json
import sys
from collections import Counter
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from adapters.native.contract import NativeModel
from adapters.native.evaluator.models.local import load
from adapters.native.evaluator.request import Generation, Outcome

PROMPTS = ["Hi", "What is 3 + 4?", "Which word is an animal? " * 6, "Kate has 8 boxes of 7 marbles.", "gold " * 30]
HOT = {"temperature": 1.0, "max_tokens": 16, "seed": 42}
WARPED = {"temperature": 0.6, "top_k": 6, "top_p": 0.9, "max_tokens": 1, "seed": 42}
DRAWS = 3000


def answers(folder: str, requests: list[Generation], *, batch_tokens: int | None = None) -> list[str]:
    target = NativeModel("transformers", "tiny", folder, "auto", None)
    found: dict[int, Outcome] = {}
    load(target, Path(folder), batch_tokens=batch_tokens).answer("test", requests, found.__setitem__)
    return [found[index].text for index in range(len(requests))]


def chances(folder: str, prompt: str) -> dict[str, float]:
    """Return the chance of each token as temperature, top_k and top_p say, by hand."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokens = torch.tensor([tokenizer(prompt, add_special_tokens=False)["input_ids"]])
    with torch.inference_mode():
        scaled = torch.softmax(model(tokens).logits[0, -1] / WARPED["temperature"], dim=-1)
    top, kept = scaled.topk(WARPED["top_k"]), []
    before = 0.0
    for chance, token in zip((top.values / top.values.sum()).tolist(), top.indices.tolist(), strict=True):
        if before < WARPED["top_p"]:
            kept.append((token, chance))
        before += chance
    whole = sum(chance for _, chance in kept)
    found: Counter[str] = Counter()
    for token, chance in kept:
        found[tokenizer.decode([token], skip_special_tokens=True)] += chance / whole
    return dict(found)


def main(folder: str) -> None:
    requests = [Generation(f"main/{n}", prompt, HOT) for n, prompt in enumerate(PROMPTS)]
    drawn = answers(folder, [Generation(str(n), "Hi", WARPED) for n in range(DRAWS)])
    frequencies = {text: count / DRAWS for text, count in Counter(drawn).items()}
    said = {
        "together": answers(folder, requests),
        "apart": answers(folder, requests, batch_tokens=1),
        "backwards": answers(folder, requests[::-1])[::-1],
        "other names": answers(folder, [Generation(f"x{r.id}", r.prompt, HOT) for r in requests]),
        "other seed": answers(folder, [Generation(r.id, r.prompt, {**HOT, "seed": 43}) for r in requests]),
        "frequencies": frequencies,
        "chances": chances(folder, "Hi"),
    }
    sys.stdout.write(json.dumps(said))


main(*sys.argv[1:])
