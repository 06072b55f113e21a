"""Load a checkpoint's tokenizer and weights with transformers, or say in one sentence why they cannot be loaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from adapters.native.contract import NativeLoading
from adapters.native.evaluator.dataset import fingerprint
from adapters.native.evaluator.errors import ModelError
from adapters.native.evaluator.models.load_reason import Part, explain

_POINTER = b"version https://git-lfs.github.com/"
_AS_IT_IS = NativeLoading()
Kind = Literal["AutoModelForCausalLM", "AutoModelForImageTextToText"]


def load_pretrained(
    folder: Path, dtype: str, *, device: str, loading: NativeLoading = _AS_IT_IS, kind: Kind = "AutoModelForCausalLM"
) -> tuple[Any, Any]:
    """Return model and tokenizer; `device`: `cpu`, `cuda`, or `auto` for all GPUs; `kind`: as what it is loaded.

    No network; code from the checkpoint only where `loading` trusts it.

    Raises:
        ModelError: the folder does not hold a model that transformers can load, or memory does not hold it.
    """
    import transformers
    from transformers import AutoConfig, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    _check_files(folder)
    safe = {"local_files_only": True, "trust_remote_code": loading.trust_remote_code}
    with _explained(folder, "config.json"):
        AutoConfig.from_pretrained(str(folder), **safe)
    with _explained(folder, "tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(str(folder), **safe)
        usable = bool(tokenizer("a", add_special_tokens=False)["input_ids"])
    # Without tokenizer files transformers makes an empty one, and every prompt would be nothing.
    if not usable:
        hint = "A checkpoint needs tokenizer.json, or the vocabulary files of its tokenizer."
        raise ModelError(f"the checkpoint in {folder.name!r} has no usable tokenizer", hint=hint)
    with _explained(folder, "weights"):
        spread = _spread(device, loading)
        model, report = getattr(transformers, kind).from_pretrained(
            str(folder), dtype=dtype, output_loading_info=True, **spread, **_extra(loading), **safe
        )
        model = model if spread else model.to(device)
    _check_whole(folder, sorted(report["missing_keys"]))
    return model, tokenizer


def _spread(device: str, loading: NativeLoading) -> dict[str, Any]:
    """Return how the weights are spread over devices; quantized ones stay where they were made."""
    if loading.device_map or device == "auto":
        return {"device_map": loading.device_map or "auto"}
    return {"device_map": {"": device}} if loading.quantization else {}


def _extra(loading: NativeLoading) -> dict[str, Any]:
    """Return what from_pretrained is told besides."""
    found: dict[str, Any] = {"attn_implementation": loading.attention} if loading.attention else {}
    if loading.quantization:
        from transformers.quantizers import AutoQuantizationConfig

        found["quantization_config"] = AutoQuantizationConfig.from_dict(dict(loading.quantization))
    return found


def mark(folder: Path) -> str:
    """Return a fingerprint of the files' names, sizes and times: cheap, and another where the checkpoint is."""
    files = sorted((str(path.relative_to(folder)), path.stat()) for path in folder.rglob("*") if path.is_file())
    return fingerprint([(name, found.st_size, found.st_mtime_ns) for name, found in files])


@contextmanager
def _explained(folder: Path, part: Part) -> Iterator[None]:
    """Turn whatever transformers raises into our sentence; its own text stays the cause, which the log shows."""
    try:
        yield
    except Exception as error:
        reason, hint = explain(error, part)
        raise ModelError(f"the checkpoint in {folder.name!r} {reason}", hint=hint) from error


def _check_files(folder: Path) -> None:
    """Refuse what transformers reports badly, or not at all."""
    config = folder / "config.json"
    if not config.is_file():
        hint = "Give a folder with config.json, a tokenizer and weights."
        raise ModelError(f"the checkpoint has no config.json (folder {folder.name!r})", hint=hint)
    pointer = next((file.name for file in sorted(folder.iterdir()) if _is_pointer(file)), None)
    if pointer is not None:
        reason = f"the checkpoint in {folder.name!r} has a Git LFS pointer in place of {pointer}"
        raise ModelError(reason, hint="Run `git lfs pull` in that folder, or download the checkpoint again.")
    try:
        content = json.loads(config.read_bytes())
    except (ValueError, RecursionError, OSError) as error:
        reason = f"the checkpoint in {folder.name!r} has a config.json that is not valid JSON"
        raise ModelError(reason, hint="Mend the file, or download it again.") from error
    if not isinstance(content, dict):
        reason = f"the checkpoint in {folder.name!r} has a config.json that is no JSON object"
        raise ModelError(reason, hint="Mend the file, or download it again.")


def _is_pointer(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as start:
        return start.read(len(_POINTER)) == _POINTER


def _check_whole(folder: Path, missing: list[str]) -> None:
    # transformers fills these with random numbers and goes on; what would be measured is not the model.
    if missing:
        reason = f"the checkpoint in {folder.name!r} lacks {len(missing)} tensors, e.g. {missing[0]!r}"
        raise ModelError(reason, hint="Do config.json and weights belong together, and is the download whole?")
