"""How a conversation ends: what the arguments of `Finish` mean, readable or not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from adapters.toolbench.evaluator.stable.functions import GIVE_ANSWER, GIVE_UP

BAD_INPUT, ANSWERED, GAVE_UP = 2, 3, 4
_TYPE, _ANSWER = '"return_type": "', '"final_answer": "'


class Step(NamedTuple):
    """What a call brings: the observation that the model is shown, its code, and how it was answered."""

    observation: str
    code: int
    origin: str = ""


def finish(arguments: str) -> Step:
    """Return the step of a call of `Finish`; the texts are StableToolBench's."""
    given = _read(arguments)
    if "return_type" not in given:
        return Step('{error:"must have "return_type""}', BAD_INPUT)
    if given["return_type"] == GIVE_UP:
        return Step('{"response":"chose to give up and restart"}', GAVE_UP)
    if given["return_type"] != GIVE_ANSWER:
        return Step('{error:""return_type" is not a valid choice"}', BAD_INPUT)
    if "final_answer" not in given:
        return Step('{error:"must have "final_answer""}', BAD_INPUT)
    return Step('{"response":"successfully giving the final answer."}', ANSWERED)


def final_answer(arguments: str) -> str:
    """Return the answer in the arguments of `Finish`; empty where there is none."""
    found = _read(arguments).get("final_answer", "")
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def _read(arguments: str) -> Mapping[str, Any]:
    """Return the arguments; of what is no JSON (cut at the longest answer, say) what can be had."""
    try:
        found = json.loads(arguments, strict=False)
    except (ValueError, RecursionError):
        return _salvaged(arguments)
    return found if isinstance(found, dict) else {}


def _salvaged(arguments: str) -> dict[str, str]:
    given = {}
    if _TYPE in arguments:
        known = (name for name in (GIVE_ANSWER, GIVE_UP) if f'{_TYPE}{name}"' in arguments)
        given["return_type"] = next(known, arguments.partition(_TYPE)[2].partition('",')[0])
    if _ANSWER in arguments:
        given["final_answer"] = arguments.partition(_ANSWER)[2]
    return given
