"""Print for tiny models of several architectures how answers are generated, whether they are right, at what cost."""

import json
import sys
from types import SimpleNamespace

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from adapters.native.evaluator.models.answers import Prompt
from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.generator import Generator
from adapters.native.evaluator.models.trie import trie_size

SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "vocab_size": 90,
    "initializer_range": 0.4,
}
SIZED = SMALL | {"intermediate_size": 64, "num_key_value_heads": 2, "head_dim": 8}
NAMED = {"n_embd": 32, "n_layer": 3, "n_head": 4, "vocab_size": 90, "initializer_range": 0.4}
KINDS = {
    "qwen2": SIZED,
    "llama": SIZED,
    "gemma2": SIZED | {"sliding_window": 4096, "final_logit_softcapping": 30.0},
    "gemma2 with a short window": SIZED | {"sliding_window": 64},
    "gpt2": NAMED,
    "gpt_neox": SMALL | {"intermediate_size": 64},
    "bloom": {"hidden_size": 32, "n_layer": 3, "n_head": 4, "vocab_size": 90, "initializer_range": 0.4},
    "mamba": {"hidden_size": 32, "num_hidden_layers": 2, "vocab_size": 90, "state_size": 4, "initializer_range": 0.4},
}
MOST = 4


def prompts() -> list[tuple[int, ...]]:
    """Return few-shot questions: a head of all, one of each of two topics, questions of many lengths; and others."""
    draw = torch.Generator().manual_seed(3)

    def some(count: int) -> tuple[int, ...]:
        return tuple(torch.randint(3, 90, (count,), generator=draw).tolist())

    head = some(150)
    topics = [head + some(90) for _ in range(2)]
    asked = [topic + some(5 + question) for topic in topics for question in range(0, 24, 2)]
    return [*asked, some(30), some(9), asked[0]]


def built(name: str):
    torch.manual_seed(5)
    kind = name.split(maxsplit=1)[0]
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **KINDS[name])).eval()


def deaf(argument: str):
    """Return a model that does not obey one argument, and does not say so."""
    model = built("llama")
    forward = model.forward
    model.forward = lambda *, input_ids, logits_to_keep=0, **named: forward(
        input_ids=input_ids, logits_to_keep=logits_to_keep, **(named | {argument: None})
    )
    return model


def plain(model, tokens) -> list[int]:
    """Return what follows a prompt, computed as a whole for each token."""
    whole = list(tokens)
    with torch.inference_mode():
        for _ in range(MOST):
            whole.append(int(model(input_ids=torch.tensor([whole]), use_cache=False).logits[0, -1].argmax()))
    return whole[len(tokens) :]


def tried(model, asked, expected) -> dict:
    tokenizer = SimpleNamespace(pad_token_id=0, eos_token_id=None, decode=lambda tokens, **_: "")
    model.generation_config.eos_token_id = None
    checkpoint = Checkpoint(
        model=model,
        tokenizer=tokenizer,
        device="cpu",
        chat=False,
        bos=(),
        context=512,
        batch_tokens=700,
        batch_rows=16,
    )
    found, sizes = {}, []
    generator = Generator(checkpoint, in_order=False)
    hook = model.register_forward_pre_hook(lambda *seen: sizes.append(seen[2]["input_ids"].shape), with_kwargs=True)
    for number, tokens in enumerate(asked):
        generator.add(
            Prompt(str(number), tokens, {"max_tokens": MOST}, lambda a, at=number: found.update({at: a.tokens}))
        )
    while not generator.idle:
        generator.step()
    of_prompts = sum(rows * width for rows, width in sizes if width > 1)
    sizes.clear()
    for tail in (3, 4, 5):
        generator.add(Prompt("later", (*asked[0][:240], *[tail] * 9), {"max_tokens": 1}, lambda _: None))
        while not generator.idle:
            generator.step()
    hook.remove()
    answers = [list(found[number]) for number in range(len(asked))]
    later = sum(rows * width for rows, width in sizes)
    return {
        "way": generator.facts["generation"],
        "right": answers == expected,
        "tokens": of_prompts,
        "later": later,
    }


def main() -> None:
    torch.set_num_threads(1)  # models so tiny only wait for a second thread
    asked = prompts()
    said = {"least": trie_size(sorted(set(asked))), "all": sum(map(len, asked))}
    for name in KINDS:
        model = built(name)
        said[name] = tried(model, asked, [plain(model, tokens) for tokens in asked])
    expected = [plain(built("llama"), tokens) for tokens in asked]
    for argument in ("attention_mask", "position_ids"):
        said[f"deaf to {argument}"] = tried(deaf(argument), asked, expected)
    sys.stdout.write(json.dumps(said))


main()
