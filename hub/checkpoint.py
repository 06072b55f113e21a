"""Checkpoint folders: whether one holds a model, and the digest that identifies its weights."""

from __future__ import annotations

import hashlib
import json
from fnmatch import fnmatch
from pathlib import Path

_WEIGHTS = ("*.safetensors", "pytorch_model*.bin", "*.gguf")
_IDENTITY = (*_WEIGHTS, "adapter_model.bin", "*.json", "*.jinja", "*.model", "*.txt", "*.py")
_WIDTHS = {"float32": 4, "float16": 2, "bfloat16": 2}  # bytes of a number
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


def bytes_in_memory(folder: Path, dtype: str = "auto") -> int:
    """Return what the weights in `folder` take once they are loaded, without what computes on them; 0 where none are.

    They are those of the best format that is there; `dtype` changes their size where config.json says what they are.
    """
    sizes = ([path.stat().st_size for path in folder.glob(pattern)] for pattern in _WEIGHTS)
    size = next((sum(found) for found in sizes if found), 0)
    stored, wanted = _WIDTHS.get(_stored_dtype(folder)), _WIDTHS.get(dtype)
    return size * wanted // stored if stored and wanted else size


def _stored_dtype(folder: Path) -> str:
    try:
        found = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return str(found.get("dtype") or found.get("torch_dtype") or "")
    except (OSError, ValueError, AttributeError):
        return ""


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
