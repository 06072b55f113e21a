"""Checkpoint folders: whether one holds a model, and the digest that identifies its weights."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

_WEIGHTS = ("*.safetensors", "pytorch_model*.bin", "*.gguf")
_IDENTITY = (*_WEIGHTS, "adapter_model.bin", "*.json", "*.jinja", "*.model", "*.txt", "*.py")
_PARTS = re.compile(r"-\d{5}-of-\d{5}\.gguf$")
_LATER_PART = re.compile(r"-(?!00001-)\d{5}-of-\d{5}\.gguf$")
_SERVE = "llama.cpp alone loads it: `serve: {engine: llamacpp}`"
_WIDTHS = {"float32": 4, "float16": 2, "bfloat16": 2}  # bytes of a number
_CHUNK = 8 << 20
_WORDS: dict[type[OSError], str] = {FileNotFoundError: "no such folder", NotADirectoryError: "is not a folder"}


def complaint(folder: Path) -> str:
    """Return why `folder` is not a checkpoint, or an empty string."""
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError as error:
        what = _WORDS.get(type(error), f"cannot be read: {error.strerror}")
        return f"{what}; {_SERVE}" if folder.suffix == ".gguf" else what
    if "config.json" not in names:
        what = "has no config.json"
        return f"{what}, but a .gguf; {_SERVE}" if any(fnmatch(name, "*.gguf") for name in names) else what
    if not any(fnmatch(name, pattern) for name in names for pattern in _WEIGHTS):
        return f"has no weights ({', '.join(_WEIGHTS)})"
    return _closed(folder, names)


def _closed(folder: Path, names: Iterable[str]) -> str:
    """Return which of the files that identify a model cannot be opened: copies of hubs' caches have dead links."""
    for name in sorted(filter(identifies, names)):
        path = folder / name
        try:
            if path.is_file():
                path.open("rb").close()
            elif path.is_symlink() and not path.exists():
                return f"has a {name} that is a link to nothing: {path.readlink()}"
        except OSError as error:
            return f"has a {name} that cannot be read: {error.strerror}"
    return ""


def gguf_complaint(place: Path) -> str:
    """Return why `place` is neither a .gguf file nor a folder with one model in that format, or an empty string."""
    if _is_file(place):
        if place.suffix != ".gguf":
            return "is no .gguf file"
        return "is one part of several: give the folder that they are in" if _PARTS.search(place.name) else ""
    try:
        names = sorted(path.name for path in place.iterdir() if path.suffix == ".gguf")
    except OSError as error:
        return _WORDS.get(type(error), f"cannot be read: {error.strerror}")
    models = [name for name in names if not _LATER_PART.search(name) and not name.startswith("mmproj")]
    if len(models) > 1:
        return f"has several models ({', '.join(models)}): give the file of one"
    return _closed(place, names) if models else "has no .gguf file, and llama.cpp loads no other"


def adapter_complaint(folder: Path) -> str:
    """Return why `folder` is not a LoRA adapter, or an empty string."""
    try:
        names = {path.name for path in folder.iterdir()}
    except OSError as error:
        return _WORDS.get(type(error), f"cannot be read: {error.strerror}")
    if "adapter_config.json" not in names or not names & {"adapter_model.safetensors", "adapter_model.bin"}:
        return "has no adapter_config.json with adapter_model.safetensors beside it"
    return _closed(folder, names)


def identifies(name: str) -> bool:
    """Return whether a file of this name is one of those that make a checkpoint what it is."""
    return any(fnmatch(name, pattern) for pattern in _IDENTITY)


def bytes_in_memory(folder: Path, dtype: str = "auto") -> int:
    """Return what the weights in `folder` take once they are loaded, without what computes on them; 0 where none are.

    `folder` may be one file of weights.
    They are those of the best format that is there; `dtype` changes their size where config.json says what they are.
    """
    if _is_file(folder):
        return folder.stat().st_size
    sizes = ([path.stat().st_size for path in _one_copy(folder.glob(pattern))] for pattern in _WEIGHTS)
    try:
        size = next((sum(found) for found in sizes if found), 0)
    except OSError:
        return 0  # closed to us: `complaint` says so
    stored, wanted = _WIDTHS.get(_stored_dtype(folder)), _WIDTHS.get(dtype)
    return size * wanted // stored if stored and wanted else size


def _one_copy(files: Iterable[Path]) -> list[Path]:
    """Return files of weights without the second copy that Mistral's checkpoints have, for its own programs."""
    found = list(files)
    return [path for path in found if not path.name.startswith("consolidated")] or found


def _stored_dtype(folder: Path) -> str:
    try:
        found = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return str(found.get("dtype") or found.get("torch_dtype") or "")
    except (OSError, ValueError, AttributeError):
        return ""


def weights_digest(folder: Path) -> str:
    """Return `sha256:<hex>` over names and contents of weights, configuration, tokenizer and code.

    `folder` may be one file of weights.
    """
    found = {path for pattern in _IDENTITY for path in folder.glob(pattern) if path.is_file()}
    files = [folder] if _is_file(folder) else sorted(found)
    total = hashlib.sha256()
    for path in files:
        part = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                part.update(chunk)
        total.update(f"{path.name}\0{part.hexdigest()}\n".encode())
    return f"sha256:{total.hexdigest()}"


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises where a folder above is closed to us
