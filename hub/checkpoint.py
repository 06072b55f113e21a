"""Checkpoint folders: whether one holds a model, and the digest that identifies its weights."""

from __future__ import annotations

import hashlib
from pathlib import Path

_WEIGHTS = ("*.safetensors", "pytorch_model*.bin", "*.gguf")
_IDENTITY = (*_WEIGHTS, "*.json", "*.jinja", "*.model", "*.txt")
_CHUNK = 8 << 20


def complaint(folder: Path) -> str:
    """Return why `folder` is not a checkpoint, or an empty string."""
    if not folder.exists():
        return "no such folder"
    if not folder.is_dir():
        return "is not a folder"
    if not (folder / "config.json").is_file():
        return "has no config.json"
    if not any(path for pattern in _WEIGHTS for path in folder.glob(pattern)):
        return f"has no weights ({', '.join(_WEIGHTS)})"
    return ""


def weights_digest(folder: Path) -> str:
    """Return `sha256:<hex>` over names and contents of weights, configuration and tokenizer."""
    files = sorted({path for pattern in _IDENTITY for path in folder.glob(pattern) if path.is_file()})
    total = hashlib.sha256()
    for path in files:
        part = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                part.update(chunk)
        total.update(f"{path.name}\0{part.hexdigest()}\n".encode())
    return f"sha256:{total.hexdigest()}"
