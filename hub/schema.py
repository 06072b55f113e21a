"""The published JSON Schemas; docs/schema/*.json are committed copies, tested to equal these."""

from __future__ import annotations

import json

from pydantic import BaseModel

from hub.report import Report, Sample
from hub.spec import TaskSpec

_ROOTS: dict[str, type[BaseModel]] = {"task": TaskSpec, "report": Report, "sample": Sample}


def schema_text(what: str) -> str:
    """Return the JSON Schema of `task`, `report` or `sample` as indented text."""
    schema = _ROOTS[what].model_json_schema(mode="validation" if what == "task" else "serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
