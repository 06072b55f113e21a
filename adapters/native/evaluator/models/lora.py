"""Put a LoRA adapter on a model by adding its product to the weights: as fast afterwards as the model alone.

Format: peft's (adapter_config.json, adapter_model.safetensors). W' = W + s B A, with s = alpha / r (Hu et al. 2021,
arXiv:2106.09685), or alpha / sqrt(r) where the adapter is rank-stabilised (Kalajdzievski 2023, arXiv:2312.03732).
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from adapters.native.evaluator.errors import ModelError

_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_PREFIX = "base_model.model."
_KEY = re.compile(re.escape(_PREFIX) + r".+\.lora_[AB]\.weight")
# What makes an adapter more than B A on all tokens.
_MORE = (
    "use_dora",
    "use_qalora",
    "modules_to_save",
    "lora_bias",
    "megatron_config",
    "trainable_token_indices",
    "target_parameters",
    "layer_replication",
    "alora_invocation_tokens",
    "arrow_config",
)
# They take their first factors out of the base weights; peft stores what was converted back as `true`.
_OTHER_BASES = ("pissa", "olora", "corda", "loftq")
_OTHER = "Is it an adapter of this checkpoint?"
_HINT = "Merge the adapter into the checkpoint with peft (merge_and_unload), and evaluate that."


class _Factors(NamedTuple):
    """The two halves of one module's change."""

    down: Any
    up: Any


def merge(model: Any, folder: Path) -> None:
    """Add the adapter in `folder` to the weights of `model`.

    Raises:
        ModelError: the folder holds no LoRA adapter, one of a kind that is more than B A, or one of another model.
    """
    config = _config(folder)
    import torch  # after the configuration, which needs none of it

    found = _factors(folder)
    modules = dict(model.named_modules())
    strangers = sorted(name for name in found if not hasattr(modules.get(name), "weight"))
    if strangers:
        reason = f"the adapter changes {len(strangers)} modules that the model does not have, e.g. {strangers[0]!r}"
        raise ModelError(reason, hint=_OTHER)
    absent = next((name for name in sorted(found) if modules[name].weight.is_meta), None)
    if absent is not None:  # accelerate left them on the disk: what is written to them there is lost in silence
        what = f"the weights of {absent!r} do not fit into memory beside the others"
        reason = f"{what}, and an adapter cannot be added to them"
        raise ModelError(reason, hint="Use more or larger GPUs, fewer workers, or a smaller dtype.")
    owners = Counter(id(module.weight) for module in modules.values() if hasattr(module, "weight"))
    with torch.inference_mode():
        for name, factors in found.items():
            weight = modules[name].weight
            if owners[id(weight)] > 1 or not weight.is_floating_point():
                raise ModelError(f"the weights of {name!r} are quantized, or another module's, too", hint=_HINT)
            change = factors.up.double() @ factors.down.double()  # exact before it is rounded to the weights' type
            change = change.T if config.get("fan_in_fan_out") else change
            if change.shape != weight.shape:
                shapes = f"{tuple(change.shape)} and {tuple(weight.shape)}"
                reason = f"adapter and model have other shapes at {name!r}: {shapes}"
                raise ModelError(reason, hint=_OTHER)
            scale = _scale(config, name, rank=factors.down.shape[0])
            merged = weight.double() + scale * change.to(weight.device)
            weight.copy_(merged.to(weight.dtype))


def _config(folder: Path) -> Mapping[str, Any]:
    try:
        config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = f"the adapter has no readable {_CONFIG}: {error}"
        raise ModelError(reason, hint=f"Give the folder that peft saved: {_CONFIG} and {_WEIGHTS}.") from error
    problem = next(_problems(config), "")
    if problem:
        raise ModelError(f"the adapter {problem}", hint=_HINT)
    return dict(config)


def _problems(config: Any) -> Iterator[str]:
    """Yield why an adapter is not one that is merged by adding B A alone."""
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        yield f"is no LoRA adapter ({_CONFIG} has no peft_type LORA)"
        return
    if not isinstance(config.get("lora_alpha"), int | float):
        yield "has no number lora_alpha"
    if config.get("bias", "none") != "none":
        yield "changes biases, too"
    for key in _MORE:
        if config.get(key):
            yield f"uses {key}, which this version does not"
    start = str(config.get("init_lora_weights", "")).lower()
    if start.startswith(_OTHER_BASES):
        yield f"goes with weights that training changed at its beginning (init_lora_weights {start}), not the model's"


def _factors(folder: Path) -> dict[str, _Factors]:
    """Return what the adapter changes, by module."""
    halves = _halves(folder)
    unknown = sorted(key for key in halves if not _KEY.fullmatch(key))
    if unknown:
        raise ModelError(f"the adapter holds tensors that are no factors of LoRA, e.g. {unknown[0]!r}", hint=_HINT)
    found: dict[str, dict[str, Any]] = {}
    for key, tensor in halves.items():
        module, _, half = key.removeprefix(_PREFIX).removesuffix(".weight").rpartition(".lora_")
        found.setdefault(module, {})[half] = tensor
    lame = next((name for name, parts in sorted(found.items()) if len(parts) < 2), None)
    if lame is not None or not found:
        reason = f"the adapter lacks one factor of {lame!r}" if lame else "the adapter holds no tensors"
        raise ModelError(reason, hint="Is the download whole?")
    return {name: _Factors(parts["A"], parts["B"]) for name, parts in found.items()}


def _halves(folder: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(folder / _WEIGHTS))
    except (OSError, SafetensorError) as error:
        reason = f"the adapter has no readable {_WEIGHTS}: {error}"
        raise ModelError(reason, hint="Save it with peft as safetensors; other forms are not read.") from error


def _scale(config: Mapping[str, Any], module: str, *, rank: int) -> float:
    alpha = float(_by_pattern(config.get("alpha_pattern") or {}, module, config["lora_alpha"]))
    return alpha / (math.sqrt(rank) if config.get("use_rslora") else rank)


def _by_pattern(patterns: Mapping[str, Any], module: str, default: Any) -> Any:
    """Return the value of the first pattern that a module's name ends in, as peft finds it."""
    return next((value for key, value in patterns.items() if re.match(rf"(.*\.)?({key})$", module)), default)
