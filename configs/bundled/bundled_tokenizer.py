"""The bundled model's tokenizer: byte-level BPE in which a word, with or without its space, is one token."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from bundled_prompts import CHAT_TEMPLATE, END, full_text

if TYPE_CHECKING:
    from pathlib import Path

SPECIAL_TOKENS = ["<|endoftext|>", "<|im_start|>", END]
# No piece crosses a line end, a digit or a punctuation mark, and a space only ever opens a word. So a prompt
# and its continuation never merge into one token, which scoring by continuation relies on.
WORD_PATTERN = r" ?\p{L}+|[^\p{L}]"
# What Qwen2 checkpoints part text by. transformers 5 loads each of them with this pattern and with NFC, whatever
# tokenizer.json says. As no merge learned with WORD_PATTERN reaches over a word's edge, both patterns give the
# same tokens; saving this one keeps transformers 4 and other readers of tokenizer.json in step with it.
QWEN2_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
VOCABULARY_SIZE = 1024
MAX_LENGTH = 1024


def train_tokenizer(seed: int) -> Any:
    """Train a `tokenizers.Tokenizer` on training texts; its alphabet is every byte, so nothing is unknown."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = splitter(WORD_PATTERN)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(tokenizer_texts(seed), trainer)
    tokenizer.pre_tokenizer = splitter(QWEN2_PATTERN)
    return tokenizer


def splitter(pattern: str) -> Any:
    """Build a pre-tokenizer that parts text by a pattern and maps it to bytes."""
    from tokenizers import Regex, pre_tokenizers

    split = pre_tokenizers.Split(Regex(pattern), behavior="isolated")
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def tokenizer_texts(seed: int, count: int = 6000) -> list[str]:
    """Draw the texts whose words the tokenizer learns."""
    rng = random.Random(f"{seed}/tokenizer")
    texts = ["".join(piece.text for piece in full_text(rng)) for _ in range(count)]
    for token in SPECIAL_TOKENS:
        texts = [text.replace(token, "\n") for text in texts]
    return texts


def save_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Write tokenizer.json and a tokenizer_config.json that transformers 4 and 5 both read.

    Written by hand: transformers 5 would name a class that transformers 4 lacks, and put the chat template
    into a file of its own that its earlier releases do not look for.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    config = {
        "added_tokens_decoder": {str(tokenizer.token_to_id(token)): added_token(token) for token in SPECIAL_TOKENS},
        "bos_token": None,
        "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "eos_token": END,
        "model_max_length": MAX_LENGTH,
        "pad_token": SPECIAL_TOKENS[0],
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }
    text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
    (folder / "tokenizer_config.json").write_text(text, encoding="utf-8")


def added_token(token: str) -> dict[str, str | bool]:
    """Describe a special token as tokenizer_config.json does."""
    return {
        "content": token,
        "lstrip": False,
        "normalized": False,
        "rstrip": False,
        "single_word": False,
        "special": True,
    }
