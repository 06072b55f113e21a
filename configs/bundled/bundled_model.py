"""Training the bundled model from scratch: its batches, its two optimizers, and the saved folder."""

from __future__ import annotations

import json
import random
from math import cos, sin
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from bundled_prompts import END, MARKS, Piece, training_text
from bundled_tokenizer import MAX_LENGTH, SPECIAL_TOKENS
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import LambdaLR
from transformers import Qwen2Config, Qwen2ForCausalLM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

BATCH_TOKENS = 2048
POOL_TEXTS = 2000
WARMUP_STEPS = 60
LOOKING_BACK = 2
UNTAUGHT = -100
BIAS = 4.0
MATRIX_RATE = 0.002
OTHER_RATE = 0.002
DEPTH, WIDTH, INNER, HEADS, KEY_HEADS = 5, 128, 384, 4, 2


class Row(NamedTuple):
    """A tokenized training text: its ids, and for each place the id to be written there or UNTAUGHT."""

    ids: list[int]
    taught: list[int]


class Batch(NamedTuple):
    """Token ids, and the ids taught at their places, both of shape (texts, length)."""

    ids: torch.Tensor
    taught: torch.Tensor


def new_model(tokenizer: Any) -> Qwen2ForCausalLM:
    """Build the untrained model; its weights follow torch's seed."""
    config = Qwen2Config(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=WIDTH,
        intermediate_size=INNER,
        num_hidden_layers=DEPTH,
        num_attention_heads=HEADS,
        num_key_value_heads=KEY_HEADS,
        max_position_embeddings=MAX_LENGTH,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.token_to_id(END),
        pad_token_id=tokenizer.token_to_id(SPECIAL_TOKENS[0]),
    )
    model = Qwen2ForCausalLM(config)
    with torch.no_grad():
        torch.nn.init.normal_(model.model.embed_tokens.weight, std=0.1)
        for index, layer in enumerate(model.model.layers):
            start_attention(layer.self_attn)
            if index < LOOKING_BACK:
                look_back(layer.self_attn, WIDTH // HEADS)
    return model


def start_attention(attention: Any) -> None:
    """Start every head as one that compares tokens by likeness, and that passes on what it finds unchanged.

    Queries equal keys, and the output undoes the values, as in "Mimetic Initialization of Self-Attention
    Layers" (Trockman and Kolter, 2023). Finding a word of the question among the options needs just this.
    """
    size, shared = WIDTH // HEADS, HEADS // KEY_HEADS
    for part in (attention.k_proj, attention.v_proj):
        torch.nn.init.orthogonal_(part.weight)
    keys, values = (part.weight.view(KEY_HEADS, size, WIDTH) for part in (attention.k_proj, attention.v_proj))
    attention.q_proj.weight.copy_(keys.repeat_interleave(shared, 0).reshape(WIDTH, WIDTH))
    attention.o_proj.weight.copy_(0.1 * values.repeat_interleave(shared, 0).reshape(WIDTH, WIDTH).T)


def look_back(attention: Any, size: int) -> None:
    """Start head n of a layer as one that looks at the token n + 1 places back.

    Finding an option's letter, and copying a word, both begin with looking a fixed distance back. Left to
    chance, such heads take most of the short training to appear. The biases alone make one: a query bias
    turned by d places against the key bias scores highest at distance d (rotary embedding, half rotation).
    """
    half = size // 2
    turns = [10000.0 ** (-index / half) for index in range(3)]
    for index, turn in enumerate(turns):
        attention.k_proj.bias[index::size] = BIAS
        for head in range(HEADS):
            angle = turn * (head + 1)
            attention.q_proj.bias[head * size + index] = BIAS * cos(angle)
            attention.q_proj.bias[head * size + index + half] = -BIAS * sin(angle)


def tokenized(tokenizer: Any, texts: Sequence[Sequence[Piece]]) -> list[Row]:
    """Tokenize texts piece by piece; pieces never merge, so this equals tokenizing the whole text."""
    encoded = iter(tokenizer.encode_batch([piece.text for text in texts for piece in text]))
    mark_ids = {mark: tokenizer.encode(mark).ids[0] for mark in MARKS}
    return [row_of(text, encoded, mark_ids) for text in texts]


def row_of(text: Sequence[Piece], encoded: Iterator[Any], mark_ids: dict[str, int]) -> Row:
    """Join a text's tokenized pieces; a piece's mark is taught at the place after it."""
    row = Row([], [])
    mark = ""
    for piece in text:
        ids = next(encoded).ids
        row.ids.extend(ids)
        row.taught.extend(ids if piece.taught else [UNTAUGHT] * len(ids))
        if mark:
            row.taught[-len(ids)] = mark_ids[mark]
        mark = piece.mark
    return row


def batches(tokenizer: Any, steps: int, seed: int) -> Iterator[Batch]:
    """Yield at least `steps` batches: texts of like length together, in a shuffled order."""
    rng = random.Random(f"{seed}/texts")
    made = 0
    while made < steps:
        texts = [training_text(rng, made / steps) for _ in range(POOL_TEXTS)]
        rows = sorted(tokenized(tokenizer, texts), key=lambda row: len(row.ids))
        groups = list(grouped(rows))
        rng.shuffle(groups)
        made += len(groups)
        yield from map(padded, groups)


def grouped(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Part rows that are sorted by length into groups of at most BATCH_TOKENS tokens, padding counted."""
    group: list[Row] = []
    for row in rows:
        if group and (len(group) + 1) * len(row.ids) > BATCH_TOKENS:
            yield group
            group = []
        group.append(row)
    yield group


def padded(group: Sequence[Row]) -> Batch:
    """Pad rows on the right; a causal model needs no mask for that, as padding is never taught."""
    longest = max(len(row.ids) for row in group)
    ids = torch.zeros(len(group), longest, dtype=torch.long)
    taught = torch.full_like(ids, UNTAUGHT)
    for index, row in enumerate(group):
        ids[index, : len(row.ids)] = torch.tensor(row.ids)
        taught[index, : len(row.ids)] = torch.tensor(row.taught)
    return Batch(ids, taught)


def taught_loss(model: Qwen2ForCausalLM, batch: Batch) -> torch.Tensor:
    """Compute the mean loss over taught tokens; the head runs on their positions alone."""
    states = model.model(input_ids=batch.ids, use_cache=False).last_hidden_state
    targets = batch.taught[:, 1:]
    chosen = targets != UNTAUGHT
    return cross_entropy(model.lm_head(states[:, :-1][chosen]), targets[chosen])


def optimizers(model: Qwen2ForCausalLM) -> list[torch.optim.Optimizer]:
    """Choose Muon for the matrices inside the layers, AdamW for the embedding, the norms and the biases."""
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    chosen = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=MATRIX_RATE, weight_decay=0.01, adjust_lr_fn="original"),
        torch.optim.AdamW(others, lr=OTHER_RATE, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def rate_factor(step: int, steps: int) -> float:
    """Rise over the warm-up, hold, then fall to zero over the last half."""
    return min(1.0, (step + 1) / WARMUP_STEPS, (steps - step) / (steps * 0.5))


def train(tokenizer: Any, steps: int, seed: int) -> Qwen2ForCausalLM:
    """Train a model from scratch and print its loss on the way."""
    torch.manual_seed(seed)
    model = new_model(tokenizer)
    stepped = optimizers(model)
    schedules = [LambdaLR(one, lambda step: rate_factor(step, steps)) for one in stepped]
    losses: list[float] = []
    for step, batch in zip(range(1, steps + 1), batches(tokenizer, steps, seed), strict=False):
        losses.append(train_step(model, batch, [*stepped, *schedules]))
        if step % 100 == 0 or step == steps:
            print(f"step {step}/{steps}: mean loss of the last 100 {fmean(losses[-100:]):.4f}", flush=True)
    return model


def train_step(model: Qwen2ForCausalLM, batch: Batch, stepped: Sequence[Any]) -> float:
    """Learn from one batch, let optimizers and schedules step in this order, and return the loss."""
    model.zero_grad()
    loss: Any = taught_loss(model, batch)
    loss.backward()
    for one in stepped:
        one.step()
    return float(loss.item())


def save_model(model: Any, folder: Path) -> None:
    """Write config.json, generation_config.json and model.safetensors, the weights in bfloat16."""
    model.to(torch.bfloat16)
    model.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    # The names that transformers 4 reads; transformers 5 reads both.
    config |= {"torch_dtype": "bfloat16", "rope_theta": 10000.0}
    write_json(folder / "config.json", config)
    ends = {name: config[name] for name in ("eos_token_id", "pad_token_id")}
    write_json(folder / "generation_config.json", {"do_sample": False, **ends})


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON file with sorted keys."""
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")
