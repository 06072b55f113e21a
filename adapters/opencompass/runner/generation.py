"""What OpenCompass's models of checkpoints are told: parameters in transformers' words, prompts for each row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DRAWN = ("temperature", "top_p", "top_k")


def prompts_per_row(config: Mapping[str, Any]) -> int:
    """Return how many prompts stand for one row of a data set that is scored by likelihood: one for each option."""
    infer = config["infer_cfg"]
    if labels := infer["inferencer"].get("labels"):
        return len(labels)
    template = (infer.get("prompt_template") or infer.get("ice_template") or {}).get("template")
    return len(template) if isinstance(template, Mapping) and template else 1


def generation_of(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a request as transformers' `generate` knows them; likeliest tokens unless drawn."""
    drawn: dict[str, Any] = {}
    if parameters.get("temperature"):
        drawn = {"do_sample": True, **{key: parameters[key] for key in _DRAWN if key in parameters}}
    if "repetition_penalty" in parameters:
        drawn["repetition_penalty"] = parameters["repetition_penalty"]
    return drawn
