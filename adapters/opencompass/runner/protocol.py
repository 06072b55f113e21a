"""How a part is asked, in numbers that can be compared: prompt, data, examples, longest answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# A prompt whose own text is longer holds its examples as text: the longest without any has 684 characters, the
# shortest with some 1495. How many those are, the configuration does not say.
_LONGEST_WITHOUT_EXAMPLES = 1000


def protocol_of(config: Mapping[str, Any], rows: Iterable[Mapping[str, Any]], max_out_len: int) -> dict[str, Any]:
    """Return OpenCompass's hash of the prompt, a hash of the rows, examples, longest answer, and who scores it."""
    from mmengine.config import ConfigDict  # noqa: PLC0415
    from opencompass.utils.prompt import get_prompt_hash  # noqa: PLC0415

    inferencer = config["infer_cfg"]["inferencer"]
    return {
        "prompt": get_prompt_hash(ConfigDict(config)),
        "data": data_digest(rows),
        "few_shot": few_shot_of(config["infer_cfg"]),
        "max_tokens": inferencer.get("max_out_len", max_out_len),
        "evaluator": class_name(config.get("eval_cfg", {}).get("evaluator", {}).get("type")),
    }


def data_digest(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the SHA-256 of rows; lists of texts count as sets, for some loaders leave their order to chance."""
    digest = hashlib.sha256()
    for row in rows:
        settled = {key: _settled(value) for key, value in row.items()}
        digest.update(json.dumps(settled, sort_keys=True, ensure_ascii=False, default=str).encode("utf-8", "replace"))
    return digest.hexdigest()


def few_shot_of(infer: Mapping[str, Any]) -> int | None:
    """Return how many worked examples a prompt shows; None where they are part of its text."""
    template = (infer.get("prompt_template") or {}).get("template")
    counted = _counted(infer, template)
    return None if not counted and sum(map(len, _texts(template))) > _LONGEST_WITHOUT_EXAMPLES else counted


def _counted(infer: Mapping[str, Any], template: object) -> int:
    """Return the rows that a retriever takes as examples, else the turns of the template that are answers."""
    if fixed := infer.get("retriever", {}).get("fix_id_list"):
        return len(fixed)
    turns = template.get("round", []) if isinstance(template, Mapping) else []
    answers = [turn.get("role") == "BOT" for turn in turns if isinstance(turn, Mapping)]
    # The last turn of the model is the one to be written.
    return sum(answers[:-1])


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inside in value.values():
            yield from _texts(inside)
    elif isinstance(value, list | tuple):
        for inside in value:
            yield from _texts(inside)


def class_name(kind: object) -> str:
    """Return the name of a class that a configuration gives, itself or its dotted path; empty where it gives none."""
    name = kind if isinstance(kind, str) else getattr(kind, "__name__", "")
    return name.rpartition(".")[2]


def _settled(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return sorted(value)
    return value
