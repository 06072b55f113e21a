"""`model`, `template_type`, `model_args` and our own keys beside them -> the task's model."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from hub.seed.draft import Draft
from hub.seed.names import dtype_of, templates
from hub.source import KeyPath
from hub.text import did_you_mean, slug

MODEL_KEYS = (
    "model",
    "api_model",
    "api_key_env",
    "model_hub",
    "model_type",
    "eval_type",
    "template_type",
    "model_args",
)
_MODEL_ARGS = ("revision", "precision", "device_map")
_SERVE_IT = (
    "serve your model behind an OpenAI-compatible address and give that as the model, or write a task with "
    "options.code and options.model_class"
)
_UNDECIDED = (None, "", "default", "master", "main")


def model_name(text: str, taken: Mapping[str, Any] | None = None) -> str:
    """Return a name for a model in the task: the last part of its id or path, made unique among `taken`."""
    last = slug(text.rstrip("/").rpartition("/")[2]).lstrip("_")[:60] or "model"
    name, number = last, 2
    while taken and name in taken:
        name, number = f"{last}-{number}", number + 1
    return name


def translate_model(cfg: Mapping[str, Any], draft: Draft, *, native: bool, is_folder: Callable[[str], bool]) -> None:
    """Write the one model of a task; `is_folder` tells a folder from a hub id that looks alike."""
    model = cfg.get("model")
    if not _is_usable(model, draft):
        return
    text = str(model).strip()
    endpoint = text.startswith(("http://", "https://"))
    name = model_name(str(cfg.get("api_model") or text))
    at: KeyPath = ("models", name)
    if endpoint:
        _endpoint(cfg, text, at, draft)
    else:
        _checkpoint(cfg, text, at, draft, is_folder)
    _eval_type(cfg, draft, endpoint=endpoint)
    _template(cfg, at, draft, native=native)
    _model_args(cfg, at, draft, endpoint=endpoint)
    if cfg.get("model_type") is not None:
        draft.ignore(("model_type",), "it is read from the checkpoint")


def _is_usable(model: object, draft: Draft) -> bool:
    if model is None or model == "":
        draft.refuse(("model",), "give the model: a hub id, a folder, or the address of a server")
    elif not isinstance(model, str):
        draft.refuse(
            ("model",), f"objects of your own classes ({type(model).__name__}) cannot be evaluated; {_SERVE_IT}"
        )
    return isinstance(model, str) and bool(model)


def _endpoint(cfg: Mapping[str, Any], text: str, at: KeyPath, draft: Draft) -> None:
    draft.put(("model",), (*at, "endpoint"), text)
    if cfg.get("api_model"):
        draft.put(("api_model",), (*at, "model"), cfg["api_model"])
    else:
        draft.refuse(("api_model",), "an address needs the server's name of the model, too")
    if cfg.get("api_key_env"):
        draft.put(("api_key_env",), (*at, "api_key_env"), cfg["api_key_env"])
    if cfg.get("model_hub"):
        draft.refuse(("model_hub",), "belongs to a checkpoint; the model here is an address")


def _checkpoint(
    cfg: Mapping[str, Any], text: str, at: KeyPath, draft: Draft, is_folder: Callable[[str], bool]
) -> None:
    written = text.startswith((".", "/", "~"))
    local = written or (cfg.get("model_hub") is None and is_folder(text))
    draft.put(("model",), (*at, "checkpoint"), text if written or not local else f"./{text}")
    if cfg.get("model_hub"):
        draft.put(("model_hub",), (*at, "hub"), str(cfg["model_hub"]).lower())
    for key in ("api_model", "api_key_env"):
        if cfg.get(key):
            draft.refuse((key,), "belongs to a model behind an address; the model here is a checkpoint")


def _eval_type(cfg: Mapping[str, Any], draft: Draft, *, endpoint: bool) -> None:
    key: KeyPath = ("eval_type",)
    match cfg.get("eval_type"):
        case None:
            pass
        case "checkpoint" if not endpoint:
            draft.same(key)
        case "service" if endpoint:
            draft.same(key, "the model is an address")
        case "custom" if not endpoint:
            draft.ignore(key, "the model is a name, not an object of yours: its weights are loaded")
        case "service":
            draft.refuse(key, "give the server's address as the model")
        case "checkpoint" | "custom":
            draft.refuse(key, "the model is an address; leave eval_type out")
        case other:
            known = ("checkpoint", "service", "custom")
            draft.refuse(key, f"no such type: {other!r}{did_you_mean(str(other), known)}")


def _template(cfg: Mapping[str, Any], at: KeyPath, draft: Draft, *, native: bool) -> None:
    given, key = cfg.get("template_type"), ("template_type",)
    if given is None or given == "":
        return
    infos = {info.name: info for info in templates()}
    info = infos.get(str(given))
    if info is None:
        draft.refuse(key, f"no template type {given!r}{did_you_mean(str(given), infos)}")
    elif info.kind in {"chat", "raw"}:
        draft.put(key, (*at, "chat"), info.kind == "chat")
    elif info.kind == "vision" and not native:
        draft.put(key, (*at, "modality"), "vision")
    else:
        draft.refuse(
            key, f"{given!r} is {info.what.removeprefix('refused: ')}" if info.kind == "vision" else info.what
        )


def _model_args(cfg: Mapping[str, Any], at: KeyPath, draft: Draft, *, endpoint: bool) -> None:
    given = {} if cfg.get("model_args") is None else cfg["model_args"]
    if not isinstance(given, Mapping):
        draft.refuse(("model_args",), "must be a mapping: revision, precision, device_map")
        return
    for name, value in given.items():
        key: KeyPath = ("model_args", str(name))
        if name == "revision":
            _revision(value, key, at, draft)
        elif name == "precision":
            _precision(value, key, at, draft, endpoint=endpoint)
        elif name == "device_map":
            _device_map(value, key, draft)
        else:
            draft.refuse(key, f"not among the model arguments{did_you_mean(str(name), _MODEL_ARGS)}")


def _revision(value: object, key: KeyPath, at: KeyPath, draft: Draft) -> None:
    if value in _UNDECIDED:
        draft.same(key, "the hub's main revision")
    else:
        draft.put(key, (*at, "revision"), str(value))


def _precision(value: object, key: KeyPath, at: KeyPath, draft: Draft, *, endpoint: bool) -> None:
    dtype = dtype_of("auto" if value is None else value)
    if dtype is None:
        draft.refuse(key, f"{value!r} is none of auto, float32, float16, bfloat16 (with or without `torch.`)")
    elif endpoint:
        draft.ignore(key, "a server decides that itself")
    else:
        draft.put(key, (*at, "dtype"), dtype)


def _device_map(value: object, key: KeyPath, draft: Draft) -> None:
    device = re.fullmatch(r"(?:cuda|gpu):(\d+)", str(value))
    if value in (None, "auto", "cuda"):
        draft.same(key, "a job gets as many GPUs as hold the weights; resources.gpus says otherwise")
    elif value == "cpu":
        draft.put(key, ("resources", "gpus"), 0)
    elif device:
        draft.put(key, ("resources", "gpus"), [device[1]])
    else:
        draft.ignore(key, "a job spreads the weights over its GPUs itself; resources.gpus says how many")
