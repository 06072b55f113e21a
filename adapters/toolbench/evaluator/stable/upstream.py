"""StableToolBench's own prompts, read as texts out of a copy of it: nothing of the copy is ever run or imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from adapters.toolbench.evaluator.data_error import DataError
from adapters.toolbench.evaluator.stable.functions import FINISH
from adapters.toolbench.evaluator.stable.prompts import Prompts

_INFERENCE, _JUDGING = "toolbench/inference", "toolbench/tooleval/evaluators"
_SYSTEM = (f"{_INFERENCE}/Prompts/ReAct_prompts.py", "FORMAT_INSTRUCTIONS_SYSTEM_FUNCTION")
_DIVERSITY = (f"{_INFERENCE}/Prompts/Tree_search_prompts.py", "DIVERSITY_PROMPT")
_TASKS = tuple(f"{_INFERENCE}/Downstream_tasks/{name}.py" for name in ("rapidapi_multithread", "rapidapi"))
_TEMPLATES = tuple(f"{_JUDGING}/tooleval_gpt-3.5-turbo_{name}/template.txt" for name in ("default", "normalized"))
_FUNCTION = re.compile(
    r"<function>\s*<name>\s*(\w+)\s*</name>\s*<description>\n?(.*?)\n?</description>\s*</function>", re.DOTALL
)


def read(folder: Path) -> Prompts:
    """Return the prompts of a copy of StableToolBench.

    Raises:
        DataError: it lacks one.
    """
    task = _module(folder, _TASKS)
    judging = dict(_FUNCTION.findall(_text(folder, _TEMPLATES)))
    wanted = ("check_answer_status", "parse_answer_status", "select_better_answer")
    missing = [name for name in wanted if name not in judging]
    if missing:
        raise DataError(f"upstream prompts: template.txt of ToolEval lacks {', '.join(missing)}")
    return Prompts(
        "upstream",
        _assigned(folder, *_SYSTEM),
        _one(_task(task), "task_description"),
        _one(_finish(task), f"the function {FINISH}"),
        _one(_final_answer(task), "the parameter final_answer"),
        _assigned(folder, *_DIVERSITY),
        *(judging[name] for name in wanted),
    )


def _text(folder: Path, places: tuple[str, ...]) -> str:
    file = next((folder / place for place in places if (folder / place).is_file()), None)
    if file is not None:
        return file.read_text(encoding="utf-8", errors="replace")
    raise DataError(f"upstream prompts: the copy of StableToolBench has no {places[0]}")


def _module(folder: Path, places: tuple[str, ...]) -> ast.Module:
    try:
        return ast.parse(_text(folder, places))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise DataError(f"upstream prompts: {places[0]} is no Python: {error}") from error


def _assigned(folder: Path, place: str, name: str) -> str:
    """Return the text that a module assigns to a name."""
    nodes = ast.walk(_module(folder, (place,)))
    found = (node.value for node in nodes if isinstance(node, ast.Assign) and _is_named(node, name))
    return _one((text for value in found for text in _texts(value)), name)


def _is_named(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


def _task(module: ast.Module) -> Iterator[str]:
    """Yield what is assigned to the attribute `task_description`."""
    for node in ast.walk(module):
        if not isinstance(node, ast.Assign):
            continue
        if any(isinstance(target, ast.Attribute) and target.attr == "task_description" for target in node.targets):
            yield from _texts(node.value)


def _finish(module: ast.Module) -> Iterator[str]:
    """Yield the descriptions in dictionaries that are named `Finish`."""
    for fields in _dictionaries(module):
        name = fields.get("name")
        if isinstance(name, ast.Constant) and name.value == FINISH and "description" in fields:
            yield from _texts(fields["description"])


def _final_answer(module: ast.Module) -> Iterator[str]:
    """Yield the descriptions of parameters called `final_answer`."""
    for fields in _dictionaries(module):
        inner = fields.get("final_answer")
        found = _fields(inner).get("description") if isinstance(inner, ast.Dict) else None
        if found is not None:
            yield from _texts(found)


def _dictionaries(module: ast.Module) -> Iterator[dict[object, ast.expr]]:
    return (_fields(node) for node in ast.walk(module) if isinstance(node, ast.Dict))


def _fields(node: ast.Dict) -> dict[object, ast.expr]:
    """Return what a dictionary holds under keys that are literals."""
    pairs = zip(node.keys, node.values, strict=True)
    return {key.value: value for key, value in pairs if isinstance(key, ast.Constant)}


def _texts(value: ast.expr) -> Iterator[str]:
    """Yield the text of a literal; an f-string counts where nothing is put into it."""
    parts = value.values if isinstance(value, ast.JoinedStr) else [value]
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    if len(texts) == len(parts) and texts:
        yield "".join(texts)


def _one(found: Iterator[str], what: str) -> str:
    text = next(found, None)
    if text is None:
        raise DataError(f"upstream prompts: {what} is not where it is in StableToolBench")
    return text
