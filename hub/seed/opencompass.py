"""`eval_config` of the OpenCompass backend -> one evaluation with models behind addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.seed.draft import Draft
from hub.seed.rules import Rules
from hub.seed.served import (
    add_endpoint,
    put_datasets,
    put_key,
    put_limit,
    put_mode,
    put_shared,
    put_work_dir,
)
from hub.source import KeyPath

_HERE: KeyPath = ("eval_config",)
_OPTIONS: KeyPath = ("evaluations", 0, "options")
_WITH_TURNS = "default-api-meta-template-oc"
_LATER = "a later version brings cluster engines; this one runs on this machine"
_SERVED = "it belongs to weights that OpenCompass loads itself; serve the model and give its address"
_JOBS = "a job has its own limits: resources, and concurrency of a model"
_NO_TABLE = "the report has all that a summary has"
_RULES = Rules(
    ignored={
        "accelerator": _JOBS, "batch_size": _JOBS, "max_num_workers": _JOBS, "max_workers_per_gpu": _JOBS,
        "num_gpus": _JOBS, "max_seq_len": "a server has its own", "retry": "failed requests are sent again anyway",
        "summarizer": _NO_TABLE, "dump_eval_details": "samples.jsonl has every sample", "time_str": _NO_TABLE,
        "dump_extract_rate": "the report counts what could not be extracted", "lark": "nobody is told of a run",
        "hf_type": _SERVED, "debug": "EVALDOCK_DEBUG=1 shows tracebacks; `evaldock logs` shows what a backend said",
        "min_out_len": _SERVED, "config_dir": "evaldock writes the backend's configuration itself",
    },
    refused={
        "slurm": _LATER, "partition": _LATER, "qos": _LATER, "quotatype": _LATER, "dlc": _LATER, "aliyun_cfg": _LATER,
        "hf_path": _SERVED, "model_kwargs": _SERVED, "tokenizer_path": _SERVED, "tokenizer_kwargs": _SERVED,
        "peft_path": _SERVED, "peft_kwargs": _SERVED, "pad_token_id": _SERVED,
        "config": "evaldock writes the backend's configuration itself; give data sets and models",
        "reuse": "`evaldock resume` goes on with a run; every other starts afresh",
        "stop_words": "write generation.stop in a task",
        "generation_kwargs": "write generation (temperature, max_tokens, ...) in a task",
        **dict.fromkeys(
            tuple(f"custom_dataset_{part}" for part in ("path", "meta_path", "data_type", "infer_method")),
            "your own data are for native: general_mcq or general_qa with a path",
        ),
    },
    harmless={
        "batch_size": (8, 128), "max_num_workers": (1, 8), "max_workers_per_gpu": (1,), "min_out_len": (1,),
        "num_gpus": (1,), "retry": (2,), "hf_type": ("chat",), "config_dir": ("configs",),
    },
)  # fmt: skip
_HANDLED = ("datasets", "models", "limit", "work_dir", "mode", "dry_run", "max_out_len")
_MODEL_RULES = Rules(
    ignored={
        "abbr": "the name of the model in the report is that of its path",
        "query_per_second": "requests_per_minute and concurrency of a model are what bounds requests here",
        "max_seq_len": "a server has its own",
        "run_cfg": "a model behind an address needs no GPU of the job",
    },
    refused={
        "meta_template": "a server applies its own chat template",
        "type": "only OpenAI-compatible servers (opencompass.models.OpenAIExtra) are known",
    },
    harmless={
        "meta_template": (_WITH_TURNS,),
        "type": ("opencompass.models.OpenAIExtra", "opencompass.models.OpenAI"),
        "max_seq_len": (4096,), "run_cfg": ({"num_gpus": 0},), "query_per_second": (1, 64),
    },
)  # fmt: skip
_MODEL_HANDLED = (
    "path", "openai_api_base", "key", "api_key_env", "batch_size", "max_out_len", "temperature", "is_chat",
)  # fmt: skip


def translate_opencompass(config: Mapping[str, Any], draft: Draft) -> None:
    """Write models, data sets and limits of an OpenCompass configuration."""
    put_datasets(draft, (*_HERE, "datasets"), config.get("datasets"), empty="; none meant all 48")
    models = config.get("models")
    if not isinstance(models, list | tuple) or not models:
        draft.refuse((*_HERE, "models"), "a list of models: {path: ..., openai_api_base: ...}")
    else:
        for index, model in enumerate(models):
            _model(model, (*_HERE, "models", index), draft)
        _turns([model for model in models if isinstance(model, Mapping)], draft)
    draft.put((*_HERE, "datasets"), (*_OPTIONS, "data"), "./data")  # where Eval-Scope looked
    put_limit(draft, (*_HERE, "limit"), config.get("limit"))
    put_work_dir(draft, (*_HERE, "work_dir"), config.get("work_dir"))
    put_shared(draft, _HERE, "max_out_len", config.get("max_out_len"), "max_tokens")
    if "mode" in config:
        put_mode(draft, (*_HERE, "mode"), config["mode"])
    if config.get("dry_run"):
        draft.dry_run = True
        draft.same((*_HERE, "dry_run"), "only the plan is shown")
    _RULES.apply(config, _HERE, draft, _HANDLED)


def _turns(models: Sequence[Mapping[str, Any]], draft: Draft) -> None:
    """Write whether few-shot examples are turns: without a template Eval-Scope glued them into one message."""
    with_turns = [model.get("meta_template") == _WITH_TURNS for model in models]
    if not any(with_turns):
        draft.put((*_HERE, "models"), (*_OPTIONS, "turns"), False)
    elif not all(with_turns):
        first = with_turns.index(False)
        why = f"the models of a task are asked in one way: {_WITH_TURNS} for all of them, or for none"
        draft.refuse((*_HERE, "models", first, "meta_template"), why)


def _model(given: object, key: KeyPath, draft: Draft) -> None:
    if not isinstance(given, Mapping):
        draft.refuse(key, "must be a mapping: {path: ..., openai_api_base: ...}")
        return
    at = add_endpoint(draft, key, given, model="path", url="openai_api_base")
    if at is None:
        return
    put_key(draft, key, given, "key", at)
    if given.get("batch_size") is not None:
        draft.put((*key, "batch_size"), (*at, "concurrency"), given["batch_size"])
    put_shared(draft, key, "max_out_len", given.get("max_out_len"), "max_tokens")
    put_shared(draft, key, "temperature", given.get("temperature"), "temperature")
    if given.get("is_chat") is not None:
        draft.put((*key, "is_chat"), (*at, "chat"), given["is_chat"])
    _MODEL_RULES.apply(given, key, draft, _MODEL_HANDLED)
