"""Print which way was chosen for tiny models of several architectures, and how far it is from the plain one."""

import json
import sys
from types import SimpleNamespace

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from adapters.native.evaluator.models import proof
from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.plain import Plain
from adapters.native.evaluator.models.sequences import ReadSequence, Target
from adapters.native.evaluator.models.shared import Shared

SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "vocab_size": 90,
    "initializer_range": 0.4,
}
SIZED = SMALL | {"intermediate_size": 64, "num_key_value_heads": 2, "head_dim": 8}
KINDS = {
    "qwen2": SIZED,
    "llama": SIZED,
    "gemma2": SIZED | {"sliding_window": 4096, "final_logit_softcapping": 30.0},
    "gemma2 with a short window": SIZED | {"sliding_window": 64},
    "llama with dynamic positions": SIZED
    | {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}},
    "gpt2": {"n_embd": 32, "n_layer": 3, "n_head": 4, "vocab_size": 90, "initializer_range": 0.4},
    "gpt_neox": SMALL | {"intermediate_size": 64},
    "bloom": {"hidden_size": 32, "n_layer": 3, "n_head": 4, "vocab_size": 90, "initializer_range": 0.4},
}


def sequences() -> list[ReadSequence]:
    """Return few-shot questions: a head of all, one of each of two topics, contexts with three options each."""
    draw = torch.Generator().manual_seed(3)

    def some(count: int) -> list[int]:
        return torch.randint(3, 90, (count,), generator=draw).tolist()

    head, found = some(150), []
    for _ in range(2):
        topic = head + some(90)
        for question in range(24):
            context = topic + some(5 + question)
            for length in (1, 4, 9):
                option = some(length)
                found.append(ReadSequence(tuple((context + option)[:-1]), [Target(0, 0, tuple(option))]))
    labels = [Target(0, index, (token,)) for index, token in enumerate((7, 8, 9))]
    return [*found, ReadSequence(tuple(head), labels), ReadSequence(tuple(some(12)), labels)]


def checkpoint(model) -> Checkpoint:
    tokenizer = SimpleNamespace(pad_token_id=0, eos_token_id=0)
    return Checkpoint(
        model=model,
        tokenizer=tokenizer,
        device="cpu",
        chat=False,
        bos=(),
        context=None,
        batch_tokens=700,
        batch_rows=16,
    )


def tried(model) -> dict:
    asked = sequences()
    chosen, first = proof.choose(checkpoint(model), asked)
    plain = Plain(checkpoint(model), asked)
    expected = dict(pair for batch in plain.batches for pair in plain.compute(batch))
    sizes = []
    with torch.inference_mode():
        hook = model.register_forward_pre_hook(
            lambda *seen: sizes.append(seen[2]["input_ids"].numel()), with_kwargs=True
        )
        found = dict(pair for batch in chosen.batches for pair in chosen.compute(batch))
        hook.remove()
    assert first is None or dict(first).items() <= found.items()
    far = max(abs(a - b) for index in expected for a, b in zip(found[index], expected[index], strict=True))
    stems = len(chosen._stems) if isinstance(chosen, Shared) else 0
    return {"way": type(chosen).__name__, "far": far, "stems": stems, "tokens": sum(sizes)}


def built(name: str):
    torch.manual_seed(5)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(name.split(maxsplit=1)[0], **KINDS[name])).eval()


def deaf(argument: str):
    """Return a model that does not obey one argument, and does not say so."""
    model = built("llama")
    forward = model.forward

    def without(*, input_ids, logits_to_keep=0, **named):
        return forward(input_ids=input_ids, logits_to_keep=logits_to_keep, **(named | {argument: None}))

    model.forward = without
    return model


def main() -> None:
    torch.set_num_threads(1)  # models so tiny only wait for a second thread
    found = {name: tried(built(name)) for name in KINDS}
    found |= {f"deaf to {name}": tried(deaf(name)) for name in ("attention_mask", "position_ids", "past_key_values")}
    sys.stdout.write(json.dumps(found))


main()
