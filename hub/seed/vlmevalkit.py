"""`eval_config` of the VLMEvalKit backend -> one evaluation with vision models, and its judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.seed.draft import Draft
from hub.seed.model import model_name
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
_VIDEO = "VLMEvalKit's videos do not run here"
_JUDGE = ("OPENAI_API_BASE", "LOCAL_LLM", "OPENAI_API_KEY")
_NO_JUDGE = ("exact_matching",)
_RULES = Rules(
    ignored={
        "retry": "failed requests are sent again anyway",
        "verbose": "`evaldock logs` shows what the backend said",
        "ignore": "samples without an answer are counted and shown, never left out quietly",
        "reuse": "`evaldock resume` goes on with a run; every other starts afresh",
        "nframe": _VIDEO,
        "pack": _VIDEO,
        "use_subtitle": _VIDEO,
    },
    refused={},
    harmless={"ignore": (False,)},
)
_HANDLED = (
    "data", "model", "limit", "work_dir", "mode", "nproc", "judge", "rerun", "api_key_env", *_JUDGE,
)  # fmt: skip
_MODEL_RULES = Rules(
    ignored={},
    refused={"model_path": "the weights are the server's business; name and address say which model"},
)
_MODEL_HANDLED = ("name", "type", "api_base", "key", "api_key_env", "temperature", "max_tokens")
_PICTURES = ("img_size", "img_detail")
_WEIGHTS_HANDLED = ("name", "model_path")


def translate_vlmevalkit(config: Mapping[str, Any], draft: Draft, is_folder: Callable[[str], bool]) -> None:
    """Write models, data sets, limits and judge; `is_folder` tells a folder from a hub id."""
    put_datasets(draft, (*_HERE, "data"), config.get("data"), empty="")
    models = config.get("model")
    if not isinstance(models, list | tuple) or not models:
        draft.refuse((*_HERE, "model"), "a list of models: {name: CustomAPIModel, type: ..., api_base: ...}")
    else:
        for index, model in enumerate(models):
            key: KeyPath = (*_HERE, "model", index)
            if isinstance(model, Mapping) and model.get("name") != "CustomAPIModel" and model.get("model_path"):
                _weights(model, key, draft, is_folder)
            else:
                _model(model, key, config.get("nproc"), draft)
    put_limit(draft, (*_HERE, "limit"), config.get("limit"))
    put_work_dir(draft, (*_HERE, "work_dir"), config.get("work_dir"))
    _judge(config, draft)
    _rest(config, draft)
    _RULES.apply(config, _HERE, draft, _HANDLED)


def _rest(config: Mapping[str, Any], draft: Draft) -> None:
    if "mode" in config:
        put_mode(draft, (*_HERE, "mode"), config["mode"])
    if config.get("rerun"):
        draft.same((*_HERE, "rerun"), "every run starts afresh")
    elif "rerun" in config:
        draft.ignore((*_HERE, "rerun"), "every run starts afresh; `evaldock resume` goes on with one")


def _model(given: object, key: KeyPath, nproc: object, draft: Draft) -> None:
    name = given.get("name") if isinstance(given, Mapping) else given
    if not isinstance(given, Mapping) or name != "CustomAPIModel":
        why = "give its weights ({name: ..., model_path: ...}) or its server (name: CustomAPIModel, type, api_base)"
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
    _pictures(given, key, draft)
    _MODEL_RULES.apply(given, key, draft, (*_MODEL_HANDLED, *_PICTURES))


def _pictures(given: Mapping[str, Any], key: KeyPath, draft: Draft) -> None:
    """Write what becomes of pictures; all models of a task share it."""
    if given.get("img_size") == -1:
        draft.same((*key, "img_size"), "pictures are sent as large as they are")
    elif given.get("img_size") is not None:
        _option(draft, (*key, "img_size"), "image_size", given["img_size"])
    if given.get("img_detail") is not None:
        _option(draft, (*key, "img_detail"), "image_detail", given["img_detail"])


def _option(draft: Draft, key: KeyPath, name: str, value: object) -> None:
    known = draft.task["evaluations"][0].get("options", {})
    if name in known and known[name] != value:
        draft.refuse(key, f"all models of a task share {name}; write one task for each value")
    else:
        draft.put(key, (*EVALUATION, "options", name), value)


def _weights(given: Mapping[str, Any], key: KeyPath, draft: Draft, is_folder: Callable[[str], bool]) -> None:
    """Write a model whose weights VLMEvalKit's own class loads."""
    text = str(given["model_path"])
    at: KeyPath = ("models", model_name(text, draft.task["models"]))
    folder = is_folder(text) and not text.startswith((".", "/", "~"))
    draft.put((*key, "model_path"), (*at, "checkpoint"), f"./{text}" if folder else text)
    draft.task["models"][at[1]]["modality"] = "vision"
    _option(draft, (*key, "name"), "known_as", given.get("name"))
    _MODEL_RULES.apply(given, key, draft, _WEIGHTS_HANDLED)


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
