"""Decide how many workers there are, and which GPUs each gets; found out without torch, which only workers import."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adapters.native.contract import NativeModel
from adapters.native.evaluator.errors import ModelError

Group = tuple[str, ...]
# What a model needs beside its weights: keys, values and the largest batch, at least.
_ROOM, _FLOOR_BYTES = 1.5, 2 << 30
_WEIGHTS = (".safetensors", ".bin")
_BYTES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}
_SURVEY = (
    "import json, torch; print(json.dumps([torch.cuda.get_device_properties(number).total_memory "
    "for number in range(torch.cuda.device_count())]))"
)


def visible_gpus(environment: Mapping[str, str], devices: Path = Path("/dev")) -> Group:
    """Return the GPUs of the job as CUDA_VISIBLE_DEVICES names them; a container has those of its job alone."""
    listed = environment.get("CUDA_VISIBLE_DEVICES")
    if listed is not None:
        return tuple(name for part in listed.split(",") if (name := part.strip()))
    found = [entry for entry in devices.iterdir() if re.fullmatch(r"nvidia\d+", entry.name)]
    return tuple(str(number) for number in range(len(found)))


def groups(gpus: Sequence[str], workers: int) -> list[Group]:
    """Return the GPUs of each worker: equally many, none where the job has none.

    Raises:
        ModelError: they cannot be shared so.
    """
    if not gpus:
        return [()] * workers
    size = len(gpus) // workers
    if not size or len(gpus) % workers:
        hint = "Set options: {workers: N} to a divisor of the number of GPUs."
        raise ModelError(f"{workers} workers cannot share {len(gpus)} GPUs evenly", hint=hint)
    return [tuple(gpus[start : start + size]) for start in range(0, len(gpus), size)]


def as_many_as_fit(needed_bytes: float, memory: Sequence[int]) -> int:
    """Return how many workers have room for a model each; 1 where it takes all GPUs, or more.

    Args:
        needed_bytes: what one worker needs.
        memory: of each GPU, in bytes.
    """
    count = len(memory)
    return next((n for n in range(count, 1, -1) if count % n == 0 and min(memory) * (count // n) >= needed_bytes), 1)


def needed_bytes(folder: Path, dtype: str) -> float:
    """Return what a worker needs for the checkpoint in `folder`, about; `dtype`: as in the task."""
    files = [file for file in folder.iterdir() if file.suffix in _WEIGHTS]
    safe = [file for file in files if file.suffix == ".safetensors"]
    stored = sum(file.stat().st_size for file in safe or files)
    return stored * _growth(folder, dtype) * _ROOM + _FLOOR_BYTES


def workers_by_memory(model: NativeModel, folder: Path, gpus: Sequence[str]) -> int:
    """Return how many workers `workers: auto` means: one for each group of GPUs that holds the model.

    One where somebody else decides what lies where: a device_map, or a class of the user's own.
    """
    if len(gpus) < 2 or model.loading.device_map or model.loading.model_class:
        return 1
    # Another process: whoever looks at a GPU through CUDA occupies some of its memory until it ends.
    asked = subprocess.run(
        [sys.executable, "-c", _SURVEY], capture_output=True, text=True, check=False, env=os.environ
    )
    memory = json.loads(asked.stdout) if asked.returncode == 0 else []
    return as_many_as_fit(needed_bytes(folder, model.dtype), memory) if len(memory) == len(gpus) else 1


def _growth(folder: Path, dtype: str) -> float:
    """Return by how much weights grow from the disk to memory; 1 where that cannot be known."""
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError):
        return 1.0
    stored = str(config.get("dtype") or config.get("torch_dtype")).removeprefix("torch.")
    return _BYTES[dtype] / _BYTES[stored] if dtype in _BYTES and stored in _BYTES else 1.0
