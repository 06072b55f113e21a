"""Checkpoint folders: whether one holds a model, and the digest that identifies its weights."""

from __future__ import annotations

import hashlib
from fnmatch import fnmatch
from pathlib import Path

_WEIGHTS = ("*.safetensors", "pytorch_model*.bin", "*.gguf")
_IDENTITY = (*_WEIGHTS, "*.json", "*.jinja", "*.model", "*.txt", "*.py")
_CHUNK = 8 << 20
_WORDS: dict[type[OSError], str] = {FileNotFoundError: "no such folder", NotADirectoryError: "is not a folder"}


def complaint(folder: Path) -> str:
    """Return why `folder` is not a checkpoint, or an empty string."""
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError as error:
        return _WORDS.get(type(error), f"cannot be read: {error.strerror}")
    if "config.json" not in names:
        return "has no config.json"
    if not any(fnmatch(name, pattern) for name in names for pattern in _WEIGHTS):
        return f"has no weights ({', '.join(_WEIGHTS)})"
    return ""


def adapter_complaint(folder: Path) -> str:
    """Return why `folder` is not a LoRA adapter, or an empty string."""
    try:
        names = {path.name for path in folder.iterdir()}
    except OSError as error:
        return _WORDS.get(type(error), f"cannot be read: {error.strerror}")
    absent = "adapter_config.json" not in names or not names & {"adapter_model.safetensors", "adapter_model.bin"}
    return "has no adapter_config.json with adapter_model.safetensors beside it" if absent else ""


def weights_digest(folder: Path) -> str:
    """Return `sha256:<hex>` over names and contents of weights, configuration, tokenizer and code."""
    files = sorted({path for pattern in _IDENTITY for path in folder.glob(pattern) if path.is_file()})
    total = hashlib.sha256()
    for path in files:
        part = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                part.update(chunk)
        total.update(f"{path.name}\0{part.hexdigest()}\n".encode())
    return f"sha256:{total.hexdigest()}"
