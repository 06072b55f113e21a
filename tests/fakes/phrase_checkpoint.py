"""A checkpoint that says a phrase after a cue: a real one for every loader and server, of some 200 kilobytes.

Cues and phrases are a token each. What comes next depends on the token before alone: after a cue its phrase, after
all else the end. The chat template says which cue a conversation ends with, so a test decides what is said to what.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.e2e.harness import ROOT

_BUNDLED = ROOT / "configs" / "bundled" / "model"
_END = "<|im_end|>"
_HEADS, _WIDTH = 2, 16
_CONTEXT = 8192
_PLAIN = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
Rows = Sequence[Sequence[float]]


def make_checkpoint(folder: Path, phrases: Mapping[str, str], template: str) -> Path:
    """Write a Qwen2 checkpoint; `phrases`: cue -> what is said after it, as a token of its own unless it is one."""
    folder.mkdir(parents=True)
    tokenizer = _json("tokenizer.json")
    known = {**tokenizer["model"]["vocab"], **{part["content"]: part["id"] for part in tokenizer["added_tokens"]}}
    new = [text for text in dict.fromkeys([*phrases, *phrases.values()]) if text not in known]
    ids = known | {text: len(known) + number for number, text in enumerate(new)}
    tokenizer["added_tokens"] += [{"id": ids[text], "content": text, **_PLAIN} for text in new]
    settings = _json("tokenizer_config.json")
    settings["added_tokens_decoder"] |= {str(ids[text]): {"content": text, **_PLAIN} for text in new}
    settings |= {"chat_template": template, "model_max_length": _CONTEXT}
    tensors = _tensors({ids[cue]: ids[said] for cue, said in phrases.items()}, ids[_END], len(ids))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "config.json").write_text(json.dumps(_config(len(ids))))
    (folder / "model.safetensors").write_bytes(_safetensors(tensors))
    return folder


def _json(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((_BUNDLED / name).read_text())
    return content


def _config(vocabulary: int) -> dict[str, Any]:
    return _json("config.json") | {
        "vocab_size": vocabulary,
        "hidden_size": _WIDTH,
        "intermediate_size": _WIDTH,
        "num_hidden_layers": 1,
        "layer_types": ["full_attention"],
        "num_attention_heads": _HEADS,
        "num_key_value_heads": _HEADS,
        "max_position_embeddings": _CONTEXT,
        "tie_word_embeddings": False,
        "dtype": "float32",
        "torch_dtype": "float32",
    }


def _tensors(said_after: Mapping[int, int], end: int, vocabulary: int) -> dict[str, Rows]:
    """Return embeddings with an axis for each cue and one for all else; the head makes phrases of them."""
    assert len(said_after) < _WIDTH
    axis = dict(zip(said_after, range(1, _WIDTH), strict=False))
    head = [[0.0] * _WIDTH for _ in range(vocabulary)]
    head[end][0] = 1.0
    for cue, said in said_after.items():
        head[said][axis[cue]] = 1.0
    layer, square = "model.layers.0", [[0.0] * _WIDTH] * _WIDTH
    return {
        "model.embed_tokens.weight": [_unit(axis.get(token, 0)) for token in range(vocabulary)],
        "lm_head.weight": head,
        "model.norm.weight": [[1.0] * _WIDTH],
        f"{layer}.input_layernorm.weight": [[1.0] * _WIDTH],
        f"{layer}.post_attention_layernorm.weight": [[1.0] * _WIDTH],
        **{f"{layer}.self_attn.{part}_proj.bias": [[0.0] * _WIDTH] for part in "qkv"},
        **{f"{layer}.self_attn.{part}_proj.weight": square for part in "qkvo"},
        **{f"{layer}.mlp.{part}_proj.weight": square for part in ("gate", "up", "down")},
    }


def _unit(axis: int) -> list[float]:
    return [float(place == axis) for place in range(_WIDTH)]


def _safetensors(tensors: Mapping[str, Rows]) -> bytes:
    """Return the file: the length of its header, the header as JSON, the numbers; one row is a vector."""
    header: dict[str, object] = {}
    body = b""
    for name, rows in tensors.items():
        numbers = [number for row in rows for number in row]
        data = struct.pack(f"<{len(numbers)}f", *numbers)
        shape = [len(rows), _WIDTH] if len(rows) > 1 else [_WIDTH]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    told = json.dumps(header).encode()
    told += b" " * (-len(told) % 8)
    return struct.pack("<Q", len(told)) + told + body
