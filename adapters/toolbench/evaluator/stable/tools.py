"""The tools of a query: from tool files as ToolBench publishes them, or made up from the query itself.

A query holds all but the description of a tool as a whole: where that is missing, a run is marked `synthetic`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from adapters.toolbench.evaluator.stable import names
from adapters.toolbench.evaluator.stable.functions import Api
from adapters.toolbench.evaluator.stable.queries import Query, parameters

_LONGEST_DESCRIPTION = 512
_NO_DESCRIPTION = "None"


class Tools(NamedTuple):
    """What a query may use.

    Attributes:
        apis: in the query's order.
        descriptions: of the tools, by their standardized names, in the order of first use.
        synthetic: how many tools have no file.
    """

    apis: tuple[Api, ...]
    descriptions: Mapping[str, str]
    synthetic: int


def tools_of(query: Query, folder: Path | None) -> Tools:
    """Return a query's tools; `folder` holds `<Category>/<tool>.json`."""
    files = {(api.category, api.tool): _read(folder, api) for api in query.apis}
    apis = tuple(_merged(api, files[api.category, api.tool]) for api in query.apis)
    descriptions: dict[str, str] = {}
    for (_, tool), file in files.items():
        descriptions.setdefault(names.standardize(tool), _description(file))
    return Tools(apis, descriptions, sum(file is None for file in files.values()))


def fingerprint(known: Mapping[str, Tools]) -> str:
    """Return `sha256:` and 16 digits of all that is said of the tools of some queries."""
    said = [[query, tools.apis, dict(tools.descriptions)] for query, tools in known.items()]
    text = json.dumps(said, sort_keys=True, default=str)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _read(folder: Path | None, api: Api) -> Mapping[str, Any] | None:
    """Return a tool's file; None where there is none, or none that can be read."""
    if folder is None:
        return None
    file = f"{names.standardize(api.tool)}.json"
    for category in (api.category, names.standardize_category(api.category)):
        if category in {"", ".", ".."} or "/" in category or "\0" in category:
            continue
        try:
            found = json.loads((folder / category / file).read_text(encoding="utf-8", errors="replace"))
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return None


def _merged(api: Api, file: Mapping[str, Any] | None) -> Api:
    """Return an API as the tool's file describes it, where it does."""
    entries = file.get("api_list") if file else None
    wanted = names.api_name(api.name)
    for entry in entries if isinstance(entries, list) else ():
        name = entry.get("name") if isinstance(entry, dict) else None
        if isinstance(name, str) and names.api_name(name) == wanted:
            return api._replace(
                name=name,
                description=_text(entry.get("description")),
                required=parameters(entry.get("required_parameters")),
                optional=parameters(entry.get("optional_parameters")),
            )
    return api


def _description(file: Mapping[str, Any] | None) -> str:
    said = _text(file.get("tool_description")) if file else ""
    return said[:_LONGEST_DESCRIPTION].replace("\n", "").strip() or _NO_DESCRIPTION


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
