"""The published JSON Schemas; docs/schema/*.json are committed copies, tested to equal these."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from hub.report import Report, Sample
from hub.spec import TaskSpec

_ROOTS: dict[str, type[BaseModel]] = {"task": TaskSpec, "report": Report, "sample": Sample}
# Behind a validator of our own pydantic writes bounds under its own names, which no editor knows.
_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
# The newest that editors' YAML servers know well; nothing of a task needs a newer one.
_DIALECTS = {"task": "http://json-schema.org/draft-07/schema#"}


def schema_text(what: str) -> str:
    """Return the JSON Schema of `task`, `report` or `sample` as indented text."""
    schema = _ROOTS[what].model_json_schema(mode="validation" if what == "task" else "serialization")
    schema["$schema"] = _DIALECTS.get(what, "https://json-schema.org/draft/2020-12/schema")
    if what == "task":
        _allow_bare_names(schema)
    _name_bounds(schema)
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _allow_bare_names(schema: dict[str, Any]) -> None:
    """Let `datasets: [arc]` be right, as it is for load_task: a bare name is short for a mapping."""
    datasets = schema["$defs"]["EvaluationSpec"]["properties"]["datasets"]
    datasets["items"] = {"anyOf": [{"type": "string"}, datasets["items"]]}


def _name_bounds(part: Any) -> None:
    """Give the bounds of numbers their names in JSON Schema."""
    if isinstance(part, dict):
        for own in [own for own in _BOUNDS if isinstance(part.get(own), int | float)]:
            part[_BOUNDS[own]] = part.pop(own)
        part = list(part.values())
    for item in part if isinstance(part, list) else ():
        _name_bounds(item)
