"""Put a random LoRA adapter on a checkpoint; print its answers beside those of transformers with B A beside W."""

import json
import math
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from adapters.native.contract import NativeLoading, NativeModel
from adapters.native.evaluator.errors import ModelError
from adapters.native.evaluator.models.local import load
from adapters.native.evaluator.request import Likelihood

RANK, ALPHA, LARGER = 4, 6, 20
PROMPTS = ["Question: What is the capital of France?\nAnswer:", "Which word is an animal?\nAnswer:"]
OPTIONS = (" Paris", " horse", " gold and stone")


def is_changed(name):
    return name.endswith(("q_proj", "v_proj", "down_proj"))


def make(model, folder, *, config):
    """Save an adapter as peft does, and return the change of each module's output as (module, A, B, scale)."""
    torch.manual_seed(3)
    tensors, changes = {}, []
    root = math.sqrt(RANK) if config.get("use_rslora") else RANK
    for name, module in model.named_modules():
        if is_changed(name):
            down, up = torch.randn(RANK, module.in_features) * 0.2, torch.randn(module.out_features, RANK) * 0.2
            tensors |= {f"base_model.model.{name}.lora_A.weight": down, f"base_model.model.{name}.lora_B.weight": up}
            alpha = LARGER if name.endswith("v_proj") and "alpha_pattern" in config else ALPHA
            changes.append((module, down, up, alpha / root))
    folder.mkdir()
    save_file(tensors, folder / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "bias": "none", **config}
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    return changes


def plain(model, tokenizer, prompt, option):
    whole, cut = tokenizer(prompt + option)["input_ids"], len(tokenizer(prompt)["input_ids"])
    with torch.inference_mode():
        scores = torch.log_softmax(model(torch.tensor([whole])).logits[0], dim=-1)
    return sum(float(scores[place - 1, whole[place]]) for place in range(cut, len(whole)))


def ours(checkpoint, adapter):
    target = NativeModel("transformers", "m", checkpoint, "auto", None, NativeLoading(adapter=str(adapter)))
    model, found = load(target, Path(checkpoint), batch_tokens=None), {}
    requests = [Likelihood(str(n), prompt, OPTIONS) for n, prompt in enumerate(PROMPTS)]
    model.answer("d", requests, found.__setitem__)
    return [list(found[n].likelihoods) for n in range(len(PROMPTS))], model.facts


def main(checkpoint, folder, config):
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    bare = [[plain(model, tokenizer, prompt, option) for option in OPTIONS] for prompt in PROMPTS]
    changes = make(model, Path(folder), config=json.loads(config))
    try:
        found, facts = ours(checkpoint, Path(folder))
    except ModelError as error:
        sys.stdout.write(json.dumps({"refused": error.advice}))
        return
    for module, down, up, scale in changes:
        module.register_forward_hook(
            lambda _, inputs, output, d=down, u=up, s=scale: output + s * (inputs[0] @ d.T @ u.T)
        )
    expected = [[plain(model, tokenizer, prompt, option) for option in OPTIONS] for prompt in PROMPTS]
    sys.stdout.write(json.dumps({"found": found, "expected": expected, "bare": bare, "facts": dict(facts)}))


main(*sys.argv[1:])
