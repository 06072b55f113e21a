"""A whole `task_cfg` of the seed (or flags that say the same) -> a task, with a note for each key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.errors import Problem, TaskError
from hub.seed.datasets import DATASET_KEYS, translate_datasets
from hub.seed.draft import Draft, Namer, Translation
from hub.seed.generation import translate_generation
from hub.seed.model import MODEL_KEYS, translate_model
from hub.seed.names import BACKENDS
from hub.seed.opencompass import translate_opencompass
from hub.seed.served import put_limit, put_mode
from hub.seed.values import truth
from hub.seed.vlmevalkit import translate_vlmevalkit
from hub.text import did_you_mean, slug

_OUTPUTS_DEFAULT = "outputs"
_COMMON = (
    "eval_backend", "eval_config", "limit", "work_dir", "outputs", "use_cache", "mem_cache", "stage", "dry_run",
    "debug",
)  # fmt: skip
_NATIVE = (*MODEL_KEYS, *DATASET_KEYS, "generation_config")
SEED_KEYS = (*_COMMON, *_NATIVE)
_OWN_KEYS = ("version", "models", "evaluations")
_IsFolder = Callable[[str], bool]
_FOREIGN: dict[str, Callable[[Mapping[str, Any], Draft, _IsFolder], None]] = {
    "opencompass": lambda config, draft, _: translate_opencompass(config, draft),
    "vlmevalkit": translate_vlmevalkit,
}


def only_seed_keys(data: Mapping[str, Any]) -> bool:
    """Return whether a file is in the seed's words alone; any other is validated as a task, and told so."""
    return not any(key in data for key in _OWN_KEYS) and any(key in data for key in SEED_KEYS if key != "limit")


def is_task_cfg(data: Mapping[str, Any]) -> bool:
    """Return whether a mapping is in the seed's words, False where it is in evaldock's.

    Raises:
        TaskError: it has keys of both, or of neither.
    """
    own = [key for key in _OWN_KEYS if key in data]
    seed = [key for key in SEED_KEYS if key in data and key != "limit"]
    if own and seed:
        what = f"mixes a task ({', '.join(own)}) with a task_cfg of Eval-Scope ({', '.join(seed)}); write one of them"
    elif not own and not seed:
        what = "is neither a task (version, models, evaluations) nor a task_cfg of Eval-Scope (model, datasets, ...)"
    else:
        return bool(seed)
    raise TaskError([Problem("<task>", 0, "", what)], hint="`evaldock schema task` prints every key")


def translate(
    cfg: Mapping[str, Any],
    *,
    name_of: Namer,
    backends: tuple[str, ...] = tuple(BACKENDS.values()),
    is_folder: Callable[[str], bool] = lambda _text: False,
) -> Translation:
    """Return the task that `cfg` means. Pure but for `is_folder`, which tells a folder from a hub id.

    Args:
        cfg: keys of `run_task`'s task_cfg; evaldock's own beside them are api_model, api_key_env and model_hub.
        name_of: how the user wrote a key.
        backends: evaldock's names that eval_backend may give as well.
        is_folder: whether a text names a folder here.

    Raises:
        TaskError: every key that cannot be taken, each with what to do instead.
    """
    draft = Draft(name_of)
    for key in cfg:
        if key not in SEED_KEYS:
            draft.refuse((str(key),), f"no such key{did_you_mean(str(key), SEED_KEYS)}")
    backend = _backend(cfg, draft, backends)
    if backend:
        draft.task["evaluations"].append({"backend": backend, "datasets": []})
        draft.put(("eval_backend",), ("evaluations", 0, "backend"), backend)
        _common(cfg, draft)
        _evaluation(cfg, draft, backend, is_folder)
    _tidy(draft)
    return draft.finish()


def _backend(cfg: Mapping[str, Any], draft: Draft, backends: tuple[str, ...]) -> str:
    given, key = str(cfg.get("eval_backend") or "Native"), ("eval_backend",)
    known = {**BACKENDS, **{name: name for name in backends}}
    if given.lower() in known:
        return known[given.lower()]
    if given.lower().replace("-", "") in {"thirdparty", "toolbenchstatic"}:
        draft.refuse(
            key,
            "third-party evaluations are backends of their own: use a task with backend: toolbench, static/in_domain",
        )
    else:
        draft.refuse(key, f"no backend {given!r}{did_you_mean(given, known)}")
    return ""


def _evaluation(cfg: Mapping[str, Any], draft: Draft, backend: str, is_folder: Callable[[str], bool]) -> None:
    config, key = cfg.get("eval_config"), ("eval_config",)
    if config and backend in _FOREIGN and not isinstance(config, Mapping):
        draft.refuse(key, "must be a mapping, or a YAML or JSON file with one")
    elif config and backend in _FOREIGN:
        for name in _NATIVE:
            if cfg.get(name):
                draft.ignore((name,), "eval_config has its own")
        _FOREIGN[backend](config, draft, is_folder)
    else:
        if config:
            draft.refuse(key, f"{backend} takes none; it belongs to eval_backend OpenCompass or VLMEvalKit")
        translate_model(cfg, draft, native=backend == "native", is_folder=is_folder)
        if backend == "vlmevalkit":
            for model in draft.task["models"].values():
                model["modality"] = "vision"
        translate_datasets(cfg, draft)
        translate_generation(cfg.get("generation_config"), draft, ("generation_config",), ("generation",))


def _common(cfg: Mapping[str, Any], draft: Draft) -> None:
    """Note the keys that every backend shares; eval_config's own limit and work_dir come later and win."""
    put_limit(draft, ("limit",), cfg.get("limit"))
    if cfg.get("work_dir"):
        why = "--runs and EVALDOCK_RUNS name the folder of runs, EVALDOCK_CACHE that of downloads"
        draft.ignore(("work_dir",), why)
    if cfg.get("outputs") == _OUTPUTS_DEFAULT:
        draft.same(("outputs",), "run folders go to ./runs")
    elif cfg.get("outputs"):
        draft.outputs = str(cfg["outputs"])
        draft.same(("outputs",), "run folders go there, each with a name of its own")
    _switches(cfg, draft)
    if "stage" in cfg:
        put_mode(draft, ("stage",), cfg["stage"])


def _switches(cfg: Mapping[str, Any], draft: Draft) -> None:
    reasons = {
        "use_cache": "predictions of an older run are not taken by file name; this version computes them anew",
        "mem_cache": "it had no effect in Eval-Scope either",
        "debug": "EVALDOCK_DEBUG=1 shows tracebacks; `evaldock logs` shows what a backend said",
    }
    for name, why in reasons.items():
        if cfg.get(name) is not None and truth(cfg[name]) is not False:
            draft.ignore((name,), why)
        elif name in cfg:
            draft.same((name,))
    if truth(cfg.get("dry_run")):
        draft.dry_run = True
        draft.same(("dry_run",), "only the plan is shown; nothing answers at random")


def _tidy(draft: Draft) -> None:
    """Name the task after its data sets, and write a data set without settings as its bare name."""
    names = []
    for evaluation in draft.task["evaluations"]:
        found = evaluation["datasets"]
        names += [dataset["name"] for dataset in found]
        evaluation["datasets"] = [part["name"] if set(part) == {"name"} else part for part in found]
    draft.task["name"] = slug(f"eval-{'-'.join(names)}")[:48].rstrip("-.") or "eval"
