"""Converted answers of an earlier run: what the win rate compares with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.toolbench.contract import CONVERTED_FILE, StableDataset
from adapters.toolbench.evaluator.data_error import DataError
from adapters.toolbench.evaluator.stable.tooleval import Reference


def read(path: Path, dataset: StableDataset) -> Reference:
    """Return the answers at a path: a file, or a folder with `<label>/converted.json` or ToolEval's `<set>.json`.

    Raises:
        DataError: there are none, or they are not what ToolEval reads.
    """
    file = _find(path, dataset)
    try:
        raw = file.read_bytes()
        found = json.loads(raw.decode("utf-8", "replace"))
    except OSError as error:
        raise DataError(f"reference: {file.name} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"reference: {file.name} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f"reference: {file.name} must hold an object, answers by query_id")
    for query, answer in found.items():
        if not _is_answer(answer):
            raise DataError(f"reference: {file.name}, {query!r}: an object with query and answer is wanted")
    return Reference(found, f"sha256:{hashlib.sha256(raw).hexdigest()[:16]}")


def _find(path: Path, dataset: StableDataset) -> Path:
    if path.is_file():
        return path
    places = (f"{dataset.folder}/{CONVERTED_FILE}", CONVERTED_FILE, f"{dataset.stem}.json")
    for place in places:
        if (path / place).is_file():
            return path / place
    raise DataError(f"reference: there is none of {', '.join(places)} in the folder")


def _is_answer(answer: Any) -> bool:
    found = isinstance(answer, Mapping) and isinstance(answer.get("answer"), Mapping)
    return found and isinstance(answer.get("query"), str)
