"""Write task-reference.md, every key of a task file, from the JSON Schema of task files.

    python docs/make_reference.py

A test compares the committed page with what this makes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from hub.schema import schema_text  # noqa: E402

PAGE = ROOT / "docs" / "task-reference.md"
_INTRODUCTION = """\
<!-- Made by docs/make_reference.py from hub/spec.py: change it there. -->

# Every key of a task file

The [task page](task.md) explains task files; this one lists what may stand in them. A key that is not here is
refused, and the message says what was probably meant. A key in bold is required. `evaldock schema task` prints the
[JSON Schema](schema/task.schema.json) that this page is made from, which editors use for completion.
"""
_BOUNDS = (
    ("minimum", "at least"),
    ("exclusiveMinimum", "above"),
    ("maximum", "at most"),
)
_LARGEST_TO_SAY = 1 << 20  # larger bounds only keep numbers exact
# Sizes and durations are bytes and seconds inside.
_WRITTEN = {
    "shm_size": "1g",
    "timeout": "5m",
    "idle_timeout": "1h",
    "first_wait": "1s",
    "longest_wait": "1m",
    "outage": "5m",
}


class Section(NamedTuple):
    """One mapping of the task file: where it stands, and what it is called in the schema."""

    heading: str
    definition: str
    prefix: str


_SECTIONS = (
    Section("The task", "", ""),
    Section("models", "ModelSpec", "models.<name>."),
    Section("serve", "ServeSpec", "models.<name>.serve."),
    Section("judge, simulator", "JudgeSpec", "judge."),
    Section("retry", "RetrySpec", "models.<name>.retry."),
    Section("prices", "PricesSpec", "models.<name>.prices."),
    Section("evaluations", "EvaluationSpec", "evaluations[]."),
    Section("datasets", "DatasetSpec", "evaluations[].datasets[]."),
    Section("generation", "GenerationSpec", "generation."),
    Section("resources", "ResourcesSpec", "resources."),
    Section("gateway", "GatewaySpec", "gateway."),
    Section("budget", "BudgetSpec", "gateway.budget."),
    Section("interceptors", "InterceptorSpec", "gateway.interceptors[]."),
)


def reference() -> str:
    """Return the text of the page.

    Raises:
        ValueError: the schema has a mapping without a section, or a key without a description.
    """
    schema = json.loads(schema_text("task"))
    missing = set(schema["$defs"]) - {section.definition for section in _SECTIONS}
    if missing:
        raise ValueError(f"_SECTIONS in docs/make_reference.py lacks {sorted(missing)}")
    return "\n".join([_INTRODUCTION, *(line for section in _SECTIONS for line in _lines(section, schema))])


def _lines(section: Section, schema: dict[str, Any]) -> Iterator[str]:
    part = schema["$defs"][section.definition] if section.definition else schema
    yield f"## {section.heading}\n"
    yield f"{_cell(part['description'])}\n"
    yield "| key | what may stand there | default | meaning |"
    yield "| --- | --- | --- | --- |"
    required = part.get("required", [])
    for name, field in part["properties"].items():
        if not field.get("description"):
            raise ValueError(f"{section.prefix}{name} has no description in hub/spec.py")
        key = f"**`{section.prefix}{name}`**" if name in required else f"`{section.prefix}{name}`"
        yield f"| {key} | {_kind(field)} | {_default(name, field)} | {_cell(field['description'])} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _default(name: str, field: dict[str, Any]) -> str:
    value = field.get("default")
    if value is None or isinstance(value, list | dict):
        return ""
    return f"`{_WRITTEN.get(name, value)}`"


def _kind(field: dict[str, Any]) -> str:
    """Return what a value may be, in words."""
    if "$ref" in field:
        section = next(part for part in _SECTIONS if part.definition == field["$ref"].rpartition("/")[2])
        return f"[{section.heading}](#{section.heading.replace(', ', '-')})"
    if "anyOf" in field:
        return ", or ".join(_kind(branch) for branch in field["anyOf"] if branch != {"type": "null"})
    for key, values in (("enum", field.get("enum")), ("const", [field["const"]] if "const" in field else None)):
        if key in field and values:
            return ", ".join(f"`{value}`" for value in values)
    return _plain(field)


def _plain(field: dict[str, Any]) -> str:
    kind = field.get("type")
    match kind:
        case "array":
            return f"list of {_kind(field['items'])}"
        case "object":
            inner = field.get("additionalProperties")
            return f"names of yours, each with {_kind(inner)}" if isinstance(inner, dict) else "mapping"
        case list():
            return f"text or number, such as `{field['examples'][0]}`"
        case "integer" | "number":
            name = "whole number" if kind == "integer" else "number"
            return ", ".join([name, *_bounds(field)])
        case _:
            return {"string": "text", "boolean": "`true` or `false`"}[str(kind)]


def _bounds(field: dict[str, Any]) -> Iterator[str]:
    for key, words in _BOUNDS:
        if key in field and abs(field[key]) <= _LARGEST_TO_SAY:
            yield f"{words} {field[key]:g}"


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {len(PAGE.read_text(encoding='utf-8').splitlines())} lines")
