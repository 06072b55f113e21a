"""How calls are written and found again, in the forms that open models are trained on. Pure.

- Hermes, Qwen: `<tool_call>{"name": ..., "arguments": {...}}</tool_call>`, as often as there are calls
- Qwen3-Coder: `<tool_call><function=NAME><parameter=KEY>VALUE</parameter></function></tool_call>`
- Mistral: `[TOOL_CALLS][{"name": ..., "arguments": {...}}, ...]`
- Llama 3: the whole answer is `{"name": ..., "parameters": {...}}`, perhaps behind `<|python_tag|>`
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

_TAGGED = re.compile(r"<tool_call>(.*?)(?:</tool_call>|\Z)", re.DOTALL)
_FUNCTION = re.compile(r"<function=([^>\s]+)>(.*?)(?:</function>|\Z)", re.DOTALL)
_PARAMETER = re.compile(r"<parameter=([^>\s]+)>\n?(.*?)\n?(?:</parameter>|\Z)", re.DOTALL)
_LISTED = "[TOOL_CALLS]"
_BARE = "<|python_tag|>"


class Call(NamedTuple):
    """A function that the model calls; `arguments` is JSON."""

    name: str
    arguments: str


class Said(NamedTuple):
    """What an answer says, and what it calls."""

    text: str
    calls: tuple[Call, ...] = ()


def beginning(template: str, name: str) -> str:
    """Return how a call begins in the form that a chat template shows, bare JSON where it shows none.

    `name`: the function's; empty where the model is to choose one.
    """
    if "<function=" in template:
        return f"<tool_call>\n<function={name}>\n" if name else "<tool_call>\n<function="
    key = "arguments" if "<tool_call>" in template or _LISTED in template else "parameters"
    call = f'{{"name": {json.dumps(name, ensure_ascii=False)}, "{key}": ' if name else '{"name": "'
    if "<tool_call>" in template:
        return f"<tool_call>\n{call}"
    return f"{_LISTED}[{call}" if _LISTED in template else call


def parse(text: str, names: Collection[str]) -> Said:
    """Return text and calls of an answer; what is no well-formed call of one of `names` stays text."""
    for form in (_tagged, _listed, _bare):
        said = form(text)
        if said.calls and all(call.name in names for call in said.calls):
            return said
    return Said(text)


def _tagged(text: str) -> Said:
    calls = [call for match in _TAGGED.finditer(text) for call in _inside(match[1])]
    return Said(_TAGGED.sub("", text).strip(), tuple(calls)) if all(calls) else Said(text)  # type: ignore[arg-type]


def _inside(body: str) -> Iterator[Call | None]:
    functions = list(_FUNCTION.finditer(body))
    if not functions:
        yield _call(_json(body))
    for match in functions:
        values = {name: _value(value) for name, value in _PARAMETER.findall(match[2])}
        yield Call(match[1], json.dumps(values, ensure_ascii=False))


def _listed(text: str) -> Said:
    before, mark, after = text.partition(_LISTED)
    listed = _json(after) if mark else None
    calls = [_call(entry) for entry in listed] if isinstance(listed, list) else []
    return Said(before.strip(), tuple(call for call in calls if call)) if calls and all(calls) else Said(text)


def _bare(text: str) -> Said:
    call = _call(_json(text.strip().removeprefix(_BARE)))
    return Said("", (call,)) if call else Said(text)


def _call(entry: Any) -> Call | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        return None
    arguments = entry.get("arguments", entry.get("parameters", {}))
    if isinstance(arguments, str):  # JSON in JSON, as some models write it
        arguments = _json(arguments)
    return Call(entry["name"], json.dumps(arguments, ensure_ascii=False)) if isinstance(arguments, dict) else None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _value(text: str) -> Any:
    found = _json(text)
    return text if found is None else found
