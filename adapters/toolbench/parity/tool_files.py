"""Tool files made up from queries, as StableToolBench's own programs need them: all but a tool's own description."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from adapters.toolbench.evaluator.stable import names
from adapters.toolbench.evaluator.stable.functions import Api
from adapters.toolbench.evaluator.stable.queries import Query


def write(queries: Iterable[Query], folder: Path) -> int:
    """Write `<Category>/<tool>.json` of every tool below a folder, and return how many these are."""
    files: dict[Path, dict[str, Any]] = {}
    for query in queries:
        for api in query.apis:
            place = Path(names.standardize_category(api.category)) / f"{names.standardize(api.tool)}.json"
            file = files.setdefault(place, _file(api))
            if all(names.api_name(known["name"]) != names.api_name(api.name) for known in file["api_list"]):
                file["api_list"].append(_entry(api))
    for place, content in files.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return len(files)


def _file(api: Api) -> dict[str, Any]:
    named = {"tool_name": api.tool, "tool_description": "", "title": api.tool}
    return {**named, "standardized_name": names.standardize(api.tool), "api_list": []}


def _entry(api: Api) -> dict[str, Any]:
    return {
        "name": api.name,
        "url": "",
        "description": api.description,
        "method": api.method,
        "required_parameters": list(api.required),
        "optional_parameters": list(api.optional),
    }
