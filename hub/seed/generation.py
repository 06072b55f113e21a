"""`generation_config` -> the task's `generation`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.seed.draft import Draft
from hub.seed.values import truth
from hub.source import KeyPath
from hub.spec import GenerationSpec
from hub.text import did_you_mean

_RENAMED = {"max_new_tokens": "max_tokens", "stop_words": "stop", "stop_sequences": "stop"}
_SAMPLING = ("temperature", "top_p", "top_k")
_OWN = tuple(GenerationSpec.model_fields)
_ONE = {"num_beams": "beam search is not done", "num_return_sequences": "a later version repeats questions"}
_IGNORED = {
    **dict.fromkeys(("eos_token_id", "pad_token_id", "bos_token_id"), "it is read from the checkpoint"),
    "use_cache": "the model's key-value cache is always used",
}


def translate_generation(given: object, draft: Draft, key: KeyPath, at: KeyPath) -> None:
    """Write `given` (a mapping in transformers' words) to the generation at `at`."""
    if given is None or given == {}:
        return
    if not isinstance(given, Mapping):
        draft.refuse(key, "must be a mapping: do_sample, max_new_tokens, ...")
        return
    samples = _samples(given, draft, key, at)
    for name, value in given.items():
        if name != "do_sample":
            _one(str(name), value, draft, (*key, str(name)), at, greedy=samples is False)
    if "max_length" in given and "max_new_tokens" not in given:
        draft.refuse((*key, "max_length"), "it counts the prompt, too; give max_new_tokens, for the answer alone")


def _samples(given: Mapping[str, Any], draft: Draft, key: KeyPath, at: KeyPath) -> bool | None:
    """Write what do_sample says; return it, None where it says nothing."""
    if given.get("do_sample") is None:
        return None
    key = (*key, "do_sample")
    samples = truth(given["do_sample"])
    if samples is None:
        draft.refuse(key, f"{given['do_sample']!r} is neither true nor false")
    elif not samples:
        draft.put(key, (*at, "temperature"), 0)
    elif given.get("temperature") is None:
        draft.put(key, (*at, "temperature"), 1.0)  # transformers' own
    elif given["temperature"] == 0:
        draft.refuse(key, "a temperature of 0 samples nothing; give one of them")
    else:
        draft.same(key, "a temperature above 0 samples")
    return samples


def _one(name: str, value: object, draft: Draft, key: KeyPath, at: KeyPath, *, greedy: bool) -> None:
    new = _RENAMED.get(name, name)
    if name == "temperature" and greedy and value == 0:
        draft.same(key)
    elif name in _SAMPLING and greedy:
        draft.ignore(key, "do_sample is false, and without sampling it has no effect in transformers either")
    elif value is None:
        draft.same(key, "unset")
    elif name == "top_k" and value == 0:
        draft.same(key, "unset: all tokens")
    elif new in _OWN:
        draft.put(key, (*at, new), [value] if new == "stop" and isinstance(value, str) else value)
    elif name == "max_length":
        draft.same(key, "max_new_tokens decides")  # alone it is refused, see above
    elif name in _ONE:
        draft.same(key) if value == 1 else draft.refuse(key, _ONE[name])
    elif name in _IGNORED:
        draft.ignore(key, _IGNORED[name])
    else:
        known = ("do_sample", "max_new_tokens", *_OWN)
        draft.refuse(key, f"no such setting{did_you_mean(name, known)}")
