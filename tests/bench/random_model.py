"""Save a checkpoint of random weights, and a tokenizer trained on given texts: a model that needs no download.

It knows nothing, but it computes as a trained model of its shape does. Run it inside Native's environment.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

Family = Literal["qwen2", "llama"]
_TOKENS = 8000  # of the tokenizer; a model may know more, as real ones know languages that a text does not use


class Shape(NamedTuple):
    """How large a model is; `vocabulary`: how many logits a place has."""

    hidden: int
    layers: int
    vocabulary: int = _TOKENS
    heads_of: int = 64


SIZES = {
    "tiny": Shape(64, 3, heads_of=16),
    "small": Shape(256, 4),
    "base": Shape(768, 12),
    "1b": Shape(2048, 16, vocabulary=128_256),
}


def save(
    folder: Path, shape: Shape, texts: Iterable[str], *, family: Family = "qwen2", dtype: str = "float32"
) -> None:
    """Write weights and tokenizer; a Llama's puts a token in front of every text, a Qwen2's does not."""
    import torch
    from transformers import AutoModelForCausalLM

    tokenizer(texts, begin=family == "llama").save_pretrained(folder)
    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_config(_config(shape, family), dtype=getattr(torch, dtype))
    model.save_pretrained(folder)


def tokenizer(texts: Iterable[str], *, begin: bool) -> Any:
    """Return a tokenizer trained on texts; `begin`: it puts a token in front of every text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer, raw.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=_TOKENS, special_tokens=["<end>", "<begin>"], initial_alphabet=alphabet, show_progress=False
    )
    raw.train_from_iterator(texts, trainer)
    if begin:
        raw.post_processor = processors.TemplateProcessing(single="<begin> $A", special_tokens=[("<begin>", 1)])
    names = {"eos_token": "<end>", "pad_token": "<end>", "clean_up_tokenization_spaces": False}
    return PreTrainedTokenizerFast(tokenizer_object=raw, bos_token="<begin>" if begin else None, **names)


def _config(shape: Shape, family: Family) -> Any:
    from transformers import LlamaConfig, Qwen2Config

    heads = shape.hidden // shape.heads_of
    kinds = {"qwen2": Qwen2Config, "llama": LlamaConfig}
    return kinds[family](
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.hidden * 3,
        num_hidden_layers=shape.layers,
        num_attention_heads=heads,
        num_key_value_heads=max(1, heads // 2),
        max_position_embeddings=4096,
        # Wide enough that likelihoods differ: with the usual 0.02 a random model says nearly the same of everything.
        initializer_range=0.1,
        bos_token_id=1,
        eos_token_id=0,
        pad_token_id=0,
    )
