"""Read the queries of a data set in StableToolBench's form: what is asked, and which APIs there are for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from adapters.toolbench.evaluator.data_error import DataError
from adapters.toolbench.evaluator.stable.functions import Api

# Where a folder of queries may hold the file of a data set: itself, or as a copy of StableToolBench.
_PLACES = ("", "solvable_queries/test_instruction", "test_instruction")


class Query(NamedTuple):
    """One query; `id` is unique in its data set, and fit for a file's name."""

    id: str
    text: str
    apis: tuple[Api, ...]


def find(path: Path, stem: str) -> Path:
    """Return the file of a data set: `path` itself, or the one in it that is called `stem`.

    Raises:
        DataError: there is none.
    """
    if path.is_file():
        return path
    for place in _PLACES:
        if (path / place / f"{stem}.json").is_file():
            return path / place / f"{stem}.json"
    raise DataError(f"there is no {stem}.json in the folder of the queries")


def read(file: Path, limit: int | None) -> tuple[Query, ...]:
    """Return the first `limit` queries of a file.

    Raises:
        DataError: it cannot be read, is empty, an item is no query, or two have one id.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8-sig", errors="replace"))
    except OSError as error:
        raise DataError(f"{file.name} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file.name} is not JSON: {error}") from error
    if not isinstance(found, list) or not found:
        raise DataError(f"{file.name} must hold a list of queries")
    queries = tuple(
        _query(item, number, f"{file.name}, item {number + 1}") for number, item in enumerate(found[:limit])
    )
    seen: set[str] = set()
    for query in queries:
        if query.id in seen:
            raise DataError(f"{file.name}: two queries have the query_id {query.id!r}")
        seen.add(query.id)
    return queries


def fingerprint(queries: Iterable[Query]) -> str:
    """Return `sha256:` and 16 digits of the queries used."""
    digest = hashlib.sha256()
    for query in queries:
        digest.update(json.dumps(query, sort_keys=True).encode("utf-8", "replace"))
    return f"sha256:{digest.hexdigest()[:16]}"


def _query(item: Any, number: int, place: str) -> Query:
    if not isinstance(item, dict):
        raise DataError(f"{place}: an object is wanted, with query_id, query and api_list")
    text = item.get("query")
    if not isinstance(text, str) or not text.strip():
        raise DataError(f"{place}: query must be a text")
    apis = item.get("api_list")
    if not isinstance(apis, list) or not apis:
        raise DataError(f"{place}: api_list must be a list of APIs")
    return Query(_id(item.get("query_id", number), place), text, tuple(read_api(api, place) for api in apis))


def _id(given: Any, place: str) -> str:
    name = str(given)
    plain = name.replace("-", "").replace(".", "").replace("_", "")
    if isinstance(given, bool) or not isinstance(given, int | str) or not plain.isalnum() or len(name) > 64:
        raise DataError(
            f"{place}: query_id must be a number, or letters, digits, '.', '_' and '-', not {name[:80]!r}"
        )
    return name


def read_api(item: Any, place: str) -> Api:
    """Return an API as a query describes it.

    Raises:
        DataError: it lacks a name.
    """
    names = ("category_name", "tool_name", "api_name")
    if not isinstance(item, dict) or not all(isinstance(item.get(name), str) for name in names):
        raise DataError(f"{place}: an API must be an object with {', '.join(names)}")
    return Api(
        item["category_name"],
        item["tool_name"],
        item["api_name"],
        _text(item.get("api_description")),
        parameters(item.get("required_parameters")),
        parameters(item.get("optional_parameters")),
        _text(item.get("method")),
        item.get("template_response"),
    )


def parameters(given: Any) -> tuple[Mapping[str, Any], ...]:
    """Return parameters that are named; what is none is left out."""
    items: Sequence[Any] = given if isinstance(given, list) else ()
    return tuple(item for item in items if isinstance(item, dict) and isinstance(item.get("name"), str))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
