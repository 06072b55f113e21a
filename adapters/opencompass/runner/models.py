"""The model's part of OpenCompass's configuration."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from adapters.opencompass.contract import Model, Task
from adapters.runtime import job

# With roles of their own few-shot examples are turns; without, OpenCompass glues all into one message.
_TURNS = {
    "round": [{"role": "HUMAN", "api_role": "HUMAN"}, {"role": "BOT", "api_role": "BOT", "generate": True}],
    "reserved_roles": [{"role": "SYSTEM", "api_role": "SYSTEM"}],
}
_DTYPES = {"float32": "torch.float", "float16": "torch.float16", "bfloat16": "torch.bfloat16", "auto": "auto"}
_LENGTHS = ("max_position_embeddings", "seq_length", "model_max_length")
_LEAST_BATCH = 256
_PACKAGE = "adapters.opencompass.runner"


class ModelError(Exception):
    """The weights are not what OpenCompass can load."""


def model_config(task: Task) -> dict[str, Any]:
    """Return the configuration of the task's model.

    Raises:
        ModelError: the checkpoint does not say how long a prompt may be.
    """
    shared = {"abbr": task.model.name, "max_out_len": task.max_out_len}
    part = _endpoint(task) if task.model.kind == "endpoint" else _checkpoint(task)
    return {**shared, **part}


def is_chat(model: Model) -> bool:
    """Return whether prompts are chat turns: as the task says, else what the checkpoint has a template for."""
    if model.chat is not None:
        return model.chat
    return model.kind == "endpoint" or _has_template(job.path(model.path))


def _endpoint(task: Task) -> dict[str, Any]:
    model = task.model
    turns = {"meta_template": _TURNS} if model.turns and is_chat(model) else {}
    return {
        "type": f"{_PACKAGE}.model.GatewayModel",
        "path": model.name,
        "max_seq_len": model.max_seq_len or 4096,
        # The pool of requests bounds what is under way. A batch waits for its slowest, and is saved at its end.
        "batch_size": max(_LEAST_BATCH, 32 * task.concurrency),
        "run_cfg": {"num_gpus": 0},
        **turns,
    }


def _checkpoint(task: Task) -> dict[str, Any]:
    model, folder = task.model, job.path(task.model.path)
    # OpenCompass's own runner gives a task so many GPUs; in one process the weights lie on all that there are.
    gpus = min(task.gpus_per_task, _gpus()) if task.runner == "local" else 0
    if task.runner == "local":
        kind = "HuggingFacewithChatTemplate" if is_chat(model) else "HuggingFaceBaseModel"
        dotted = f"opencompass.models.{kind}"
    else:
        dotted = f"{_PACKAGE}.checkpoint.{'ChatModel' if is_chat(model) else 'BaseModel'}"
    return {
        "type": dotted,
        "path": str(folder),
        # Given, because OpenCompass would load the configuration with the checkpoint's own code to find it.
        "max_seq_len": model.max_seq_len or _longest(folder),
        "batch_size": model.batch_size,
        "model_kwargs": {"torch_dtype": _DTYPES[model.dtype], "trust_remote_code": False},
        # Some tokenizers give token types, which causal models do not take.
        "tokenizer_kwargs": {"trust_remote_code": False, "model_input_names": ["input_ids", "attention_mask"]},
        "run_cfg": {"num_gpus": gpus, "num_procs": 1},
    }


def _gpus() -> int:
    """Return how many GPUs there are, without waking them: a fork could not use them then."""
    stated = os.environ.get("CUDA_VISIBLE_DEVICES")
    if stated is not None:
        return len([device for device in stated.split(",") if device.strip()])
    return len(list(Path("/dev").glob("nvidia[0-9]*")))


def _longest(folder: Path) -> int:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    for name in _LENGTHS:
        if isinstance(config.get(name), int):
            return int(config[name])
    raise ModelError(f"config.json has none of {', '.join(_LENGTHS)}: give options.max_seq_len")


def _has_template(folder: Path) -> bool:
    if (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file():
        return True
    try:
        settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(settings.get("chat_template"))
