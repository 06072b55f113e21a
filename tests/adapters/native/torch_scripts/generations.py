"""Print answers generated in one large batch beside those generated one prompt at a time with transformers alone."""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from adapters.native.contract import NativeModel
from adapters.native.evaluator.models.local import load
from adapters.native.evaluator.request import Generation, Outcome

PROMPTS = ["Hi", "What is 3 + 4?", "Which word is an animal? " * 6, "Kate has 8 boxes of 7 marbles.", "gold " * 30]


def plain(model, tokenizer, prompt) -> str:
    text = prompt
    if not isinstance(prompt, str):
        text = tokenizer.apply_chat_template(list(prompt), tokenize=False, add_generation_prompt=True)
    tokens = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
    with torch.inference_mode():
        for _ in range(24):
            newest = int(model(tokens).logits[0, -1].argmax())
            if newest == tokenizer.eos_token_id:
                break
            tokens = torch.cat([tokens, torch.tensor([[newest]])], dim=1)
    start = len(tokenizer(text, add_special_tokens=False)["input_ids"])
    return tokenizer.decode(tokens[0, start:], skip_special_tokens=True)


def main(folder: str, stop: str = "") -> None:
    target = NativeModel("transformers", "tiny", folder, "auto", None)
    ours: dict[int, Outcome] = {}
    model = load(target, Path(folder), batch_tokens=None)
    chats = [({"role": "user", "content": text},) for text in PROMPTS]
    parameters = {"temperature": 0.0, "max_tokens": 24} | ({"stop": [stop]} if stop else {})
    prompts = [*PROMPTS, *chats]
    requests = [Generation(str(i), prompt, parameters) for i, prompt in enumerate(prompts)]
    model.answer("test", requests, ours.__setitem__)
    reference = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    expected = [plain(reference, tokenizer, prompt) for prompt in prompts]
    found = [ours[index].text for index in range(len(prompts))]
    sys.stdout.write(json.dumps({"found": found, "expected": expected}))


main(*sys.argv[1:])
