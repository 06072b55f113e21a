"""The bundled checkpoint in llama.cpp's format: Qwen2's tensors as float32, its tokenizer and chat template."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_MAGIC, _VERSION, _ALIGNMENT = b"GGUF", 3, 32
_UINT32, _FLOAT32, _BOOL, _STRING, _ARRAY, _INT32 = 4, 6, 7, 8, 9, 5
_NORMAL_TOKEN, _CONTROL_TOKEN = 1, 3
_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "model.layers": "blk",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    **{f"self_attn.{part}_proj": f"attn_{part}" for part in "qkv"},
    "self_attn.o_proj": "attn_output",
    **{f"mlp.{part}_proj": f"ffn_{part}" for part in ("gate", "up", "down")},
}


def make_gguf(checkpoint: Path, target: Path) -> Path:
    """Write the checkpoint, which has to be a Qwen2 with bfloat16 weights and tied embeddings, as one file."""
    fields = dict(_fields(checkpoint))
    tensors = sorted(_tensors(checkpoint / "model.safetensors"))
    head, body = b"", b""
    for name, shape, data in tensors:
        sizes = struct.pack(f"<{len(shape)}Q", *reversed(shape))
        head += _text(name) + struct.pack("<I", len(shape)) + sizes + struct.pack("<IQ", 0, len(body))
        body += _padded(data)
    counts = struct.pack("<IQQ", _VERSION, len(tensors), len(fields))
    target.write_bytes(_padded(_MAGIC + counts + b"".join(_text(key) + fields[key] for key in fields) + head) + body)
    return target


def _fields(checkpoint: Path) -> Iterator[tuple[str, bytes]]:
    config, tokenizer, more = (
        json.loads((checkpoint / f"{name}.json").read_text()) for name in ("config", "tokenizer", "tokenizer_config")
    )
    yield "general.architecture", _string("qwen2")
    for key, name in {
        "block_count": "num_hidden_layers",
        "context_length": "max_position_embeddings",
        "embedding_length": "hidden_size",
        "feed_forward_length": "intermediate_size",
        "attention.head_count": "num_attention_heads",
        "attention.head_count_kv": "num_key_value_heads",
    }.items():
        yield f"qwen2.{key}", struct.pack("<II", _UINT32, config[name])
    yield "qwen2.rope.freq_base", struct.pack("<If", _FLOAT32, config["rope_theta"])
    yield "qwen2.attention.layer_norm_rms_epsilon", struct.pack("<If", _FLOAT32, config["rms_norm_eps"])
    yield from _vocabulary(tokenizer, config)
    yield "tokenizer.chat_template", _string(more["chat_template"])


def _vocabulary(tokenizer: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    model, special = tokenizer["model"], {token["id"]: token["content"] for token in tokenizer["added_tokens"]}
    texts = {number: text for text, number in model["vocab"].items()} | special
    kinds = [_CONTROL_TOKEN if number in special else _NORMAL_TOKEN for number in range(config["vocab_size"])]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    yield "tokenizer.ggml.model", _string("gpt2")
    yield "tokenizer.ggml.pre", _string("qwen2")
    yield "tokenizer.ggml.tokens", _strings([texts[number] for number in range(config["vocab_size"])])
    yield "tokenizer.ggml.token_type", struct.pack(f"<IIQ{len(kinds)}i", _ARRAY, _INT32, len(kinds), *kinds)
    yield "tokenizer.ggml.merges", _strings(merges)
    yield "tokenizer.ggml.eos_token_id", struct.pack("<II", _UINT32, config["eos_token_id"])
    yield "tokenizer.ggml.add_bos_token", struct.pack("<I?", _BOOL, False)


def _tensors(path: Path) -> Iterator[tuple[str, list[int], bytes]]:
    """Yield name, shape and float32 content of each tensor of a safetensors file."""
    content = path.read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    for name, facts in json.loads(content[8 : 8 + size]).items():
        if name != "__metadata__":
            begin, end = (8 + size + offset for offset in facts["data_offsets"])
            yield _name(name), facts["shape"], _widened(content[begin:end])


def _name(name: str) -> str:
    for theirs, ours in _NAMES.items():
        name = name.replace(theirs, ours)
    return name


def _widened(numbers: bytes) -> bytes:
    """Return bfloat16 as float32: the same bits, and two bytes of zeros before them."""
    wide = bytearray(2 * len(numbers))
    wide[2::4], wide[3::4] = numbers[0::2], numbers[1::2]
    return bytes(wide)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % _ALIGNMENT)


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _string(text: str) -> bytes:
    return struct.pack("<I", _STRING) + _text(text)


def _strings(texts: list[str]) -> bytes:
    return struct.pack("<IIQ", _ARRAY, _STRING, len(texts)) + b"".join(map(_text, texts))
