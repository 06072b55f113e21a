"""Why a checkpoint cannot be loaded, in the user's words: exceptions of transformers and torch, told apart by name.

By name, so that this needs neither of them; each text is the end of a sentence that begins `the checkpoint in 'x'`.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Literal, NamedTuple

Part = Literal["config.json", "tokenizer", "weights"]
Reason = tuple[str, str]  # what is wrong, and what to do next

_LONGEST = 200
_AGAIN = "Is the download whole? Download the checkpoint again."
_KNOWN = "Choose a checkpoint whose architecture transformers itself knows."


_LESS = (
    "Use fewer workers (options: {workers: 1} spreads the weights over all GPUs), or a smaller dtype; "
    "`nvidia-smi` shows whether other programs take a part of it."
)


class _Row(NamedTuple):
    """A class of exception, a part of its text, and what both mean; `{}` is what `pattern` finds in the text."""

    name: str
    fragment: str
    reason: str
    hint: str
    pattern: str = ""


_ROWS = (
    _Row(
        "OutOfMemoryError",
        "",
        "does not fit into the GPU's memory",
        _LESS,
    ),
    # Of CUDA itself, and of its library: where not even what they work with has room.
    _Row("RuntimeError", "CUDA error: out of memory", "does not fit into the GPU's memory", _LESS),
    _Row("RuntimeError", "CUBLAS_STATUS_ALLOC_FAILED", "does not fit into the GPU's memory", _LESS),
    _Row("MemoryError", "", "does not fit into memory", "Raise resources.memory, or use a smaller dtype."),
    _Row(
        "ValueError",
        "trust_remote_code",
        "needs code of its own, which is not run by default",
        f"{_KNOWN} If you trust it: options: {{trust_remote_code: true}}.",
    ),
    _Row(
        "ValueError",
        "quantization type",
        "cannot be quantized so: options.quantization names a quant_method that transformers does not know",
        "Name one of transformers' methods.",
    ),
    _Row(
        "ValueError",
        "quant_method",
        "cannot be quantized so: options.quantization has no quant_method",
        "Name one of transformers' methods.",
    ),
    _Row(
        "ImportError",
        "FlashAttention",
        "cannot use FlashAttention: Native's environment does not have it",
        "Use attention: sdpa.",
    ),
    _Row(
        "ValueError",
        "does not recognize this architecture",
        "is of model type {}, which this version of transformers does not know",
        _KNOWN,
        r"model type (\S+)",
    ),
    _Row("ValueError", "`model_type` key", "has a config.json without a model_type that transformers knows", _KNOWN),
    _Row(
        "ValueError",
        "Unrecognized configuration class",
        "holds a {}, which is no causal language model",
        "Choose a model that generates text.",
        r"\.(\w+)Config'>",
    ),
    _Row(
        "UnpicklingError",
        "",
        "has a weights file (pickle) that is damaged, or holds more than tensors and could run code: refused",
        "Convert the weights to safetensors, or choose a checkpoint that has them.",
    ),
    _Row("SafetensorError", "", "has a safetensors file that is damaged or incomplete", _AGAIN),
    _Row("FileNotFoundError", "", "lacks the file {}", _AGAIN, r"([^\s'\":]+)['\"]?\s*$"),
    _Row(
        "OSError",
        "no file named",
        "has no weights that transformers can load",
        "A checkpoint needs model.safetensors or pytorch_model.bin, or their parts with the index.",
    ),
    _Row(
        "ImportError",
        "",
        "needs a package that Native's environment does not have ({})",
        "Choose the checkpoint in its plain, not quantized form.",
        r"(?:requires? `?|No module named ')(\w+)",
    ),
    _Row("RuntimeError", "No GPU", "is quantized in a way that needs a GPU", "Use a GPU, or leave quantization out."),
    _Row("RuntimeError", "ignore_mismatched_sizes", "has weights of other shapes than its config.json says", _AGAIN),
    _Row("JSONDecodeError", "", "has a file of its {part} that is not valid JSON", _AGAIN),
)


def explain(error: BaseException, part: Part) -> Reason:
    """Return what is wrong and what to do, for an exception met while `part` was loaded."""
    names = {kind.__name__ for kind in type(error).__mro__}
    text = str(error)
    for row in _ROWS:
        if row.name in names and row.fragment in text:
            return row.reason.replace("{part}", part).replace("{}", _named(row.pattern, text)), row.hint
    said = " ".join(text.split())[:_LONGEST]
    shown = f"{type(error).__name__}: {said}" if said else type(error).__name__
    what = {"config.json": "a config.json", "tokenizer": "a tokenizer", "weights": "weights"}[part]
    return f"has {what} that cannot be loaded ({shown})", f"{_AGAIN} The job's log has the whole error."


def _named(pattern: str, text: str) -> str:
    found = re.search(pattern, text) if pattern else None
    return PurePath(found[1].strip("`'\"")).name if found else "unknown"
