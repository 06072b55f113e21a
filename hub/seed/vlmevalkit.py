"""`eval_config` of the VLMEvalKit backend -> one evaluation with vision models behind addresses, and its judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.seed.draft import Draft
from hub.seed.rules import Rules
from hub.seed.served import (
    EVALUATION,
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
_VIDEO = ("nframe", "pack", "use_subtitle")
_JUDGE = ("OPENAI_API_BASE", "LOCAL_LLM", "OPENAI_API_KEY")
_NO_JUDGE = ("exact_matching",)
_RULES = Rules(
    ignored={
        "retry": "failed requests are sent again anyway",
        "verbose": "`evaldock logs` shows what the backend said",
        "ignore": "samples without an answer are counted and shown, never left out quietly",
        "reuse": "a later version resumes runs; this one starts afresh",
    },
    refused={},
    harmless={"ignore": (False,)},
)
_HANDLED = (
    "data", "model", "limit", "work_dir", "mode", "nproc", "judge", "rerun", "api_key_env", *_VIDEO, *_JUDGE,
)  # fmt: skip
_MODEL_RULES = Rules(
    ignored={},
    refused={
        "img_size": "images are sent as they are",
        "img_detail": "images are sent as they are",
        "model_path": "the weights are the server's business; name and address say which model",
    },
    harmless={"img_size": (-1,), "img_detail": ("low",)},
)
_MODEL_HANDLED = ("name", "type", "api_base", "key", "api_key_env", "temperature", "max_tokens")


def translate_vlmevalkit(config: Mapping[str, Any], draft: Draft) -> None:
    """Write models, data sets, limits and judge of a VLMEvalKit configuration."""
    put_datasets(draft, (*_HERE, "data"), config.get("data"), empty="")
    models = config.get("model")
    if not isinstance(models, list | tuple) or not models:
        draft.refuse((*_HERE, "model"), "a list of models: {name: CustomAPIModel, type: ..., api_base: ...}")
    else:
        for index, model in enumerate(models):
            _model(model, (*_HERE, "model", index), config.get("nproc"), draft)
    put_limit(draft, (*_HERE, "limit"), config.get("limit"))
    put_work_dir(draft, (*_HERE, "work_dir"), config.get("work_dir"))
    _judge(config, draft)
    _rest(config, draft)
    _RULES.apply(config, _HERE, draft, _HANDLED)


def _rest(config: Mapping[str, Any], draft: Draft) -> None:
    for name in _VIDEO:
        if config.get(name):
            draft.put((*_HERE, name), (*EVALUATION, "options", name), config[name])
    if "mode" in config:
        put_mode(draft, (*_HERE, "mode"), config["mode"])
    if config.get("rerun"):
        draft.same((*_HERE, "rerun"), "every run starts afresh")
    elif "rerun" in config:
        draft.ignore((*_HERE, "rerun"), "every run starts afresh; a later version resumes runs")


def _model(given: object, key: KeyPath, nproc: object, draft: Draft) -> None:
    name = given.get("name") if isinstance(given, Mapping) else given
    if not isinstance(given, Mapping) or name != "CustomAPIModel":
        why = "nothing here starts vision models; serve it, and give {name: CustomAPIModel, type: ..., api_base: ...}"
        draft.refuse(key, f"{name!r}: {why}")
        return
    at = add_endpoint(draft, key, given, model="type", url="api_base")
    if at is None:
        return
    draft.same((*key, "name"), "a model behind an address")
    draft.task["models"][at[1]]["modality"] = "vision"
    put_key(draft, key, given, "key", at)
    put_shared(draft, key, "temperature", given.get("temperature"), "temperature")
    put_shared(draft, key, "max_tokens", given.get("max_tokens"), "max_tokens")
    if nproc is not None:
        draft.put((*_HERE, "nproc"), (*at, "concurrency"), nproc)
    _MODEL_RULES.apply(given, key, draft, _MODEL_HANDLED)


def _judge(config: Mapping[str, Any], draft: Draft) -> None:
    """Write the judge: a model behind OPENAI_API_BASE; which model, LOCAL_LLM or `judge` says."""
    base, model = config.get("OPENAI_API_BASE"), config.get("LOCAL_LLM") or config.get("judge")
    named: KeyPath = (*_HERE, "LOCAL_LLM" if config.get("LOCAL_LLM") else "judge")
    if config.get("judge") in _NO_JUDGE:
        draft.same((*_HERE, "judge"), "without a judge, answers are matched exactly")
    elif base and model:
        draft.put((*_HERE, "OPENAI_API_BASE"), ("judge", "endpoint"), str(base))
        draft.put(named, ("judge", "model"), str(model))
        put_key(draft, _HERE, config, "OPENAI_API_KEY", ("judge",))
        return
    elif base or model:
        draft.refuse(named, "a judge is a model behind an address: give OPENAI_API_BASE and LOCAL_LLM")
    if "OPENAI_API_KEY" in config:
        put_key(draft, _HERE, {"OPENAI_API_KEY": config["OPENAI_API_KEY"]}, "OPENAI_API_KEY", ("judge",))
