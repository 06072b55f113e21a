"""Read a data set of single steps: a JSON array, or a line of JSON an item."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.toolbench.contract import DATA_SUFFIXES
from adapters.toolbench.evaluator.data_error import DataError

# What the data call a turn of a tool is shown to the model as a turn of the user, as in Eval-Scope: the tools of
# these data are described in the system's turn, and a server that knows nothing of them would refuse another role.
_ROLES = {"system": "system", "user": "user", "assistant": "assistant", "function": "user", "tool": "user"}


@dataclass(frozen=True)
class Item:
    """One step: the conversation so far, what comes next by the data, and the names of the tools that are listed."""

    messages: tuple[dict[str, str], ...]
    target: str
    tools: tuple[str, ...]


def find(path: Path, stem: str) -> Path:
    """Return the file of a data set: `path` itself, or the one in it that is called `stem`.

    Raises:
        DataError: there is none.
    """
    if path.is_file():
        return path
    names = [f"{stem}{suffix}" for suffix in DATA_SUFFIXES]
    for name in names:
        if (path / name).is_file():
            return path / name
    raise DataError(f"there is neither {' nor '.join(names)} in the folder of the data")


def read(file: Path, limit: int | None) -> list[Item]:
    """Return the first `limit` items of a file.

    Raises:
        DataError: it cannot be read, is empty, or an item is no step.
    """
    try:
        entries = _entries(file)
    except OSError as error:
        raise DataError(f"{file.name} cannot be read: {error.strerror or error}") from error
    items = [_item(entry, f"{file.name}, item {number}") for number, entry in enumerate(entries[:limit], start=1)]
    if not items:
        raise DataError(f"{file.name} holds no items")
    return items


def fingerprint(items: Sequence[Item]) -> str:
    """Return `sha256:` and 16 digits of the items used."""
    digest = hashlib.sha256()
    for item in items:
        digest.update(json.dumps([item.messages, item.target, item.tools]).encode("utf-8", "replace"))
    return f"sha256:{digest.hexdigest()[:16]}"


def _entries(file: Path) -> Sequence[Any]:
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    if text.lstrip().startswith("["):
        return list(_decoded(text, file.name))
    lines = text.splitlines()
    return [_decoded(line, f"{file.name}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]


def _decoded(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place}: not JSON: {error}") from error


def _item(entry: Any, place: str) -> Item:
    if not isinstance(entry, dict):
        raise DataError(f"{place}: an object is wanted, with messages, target and tools")
    target = entry.get("target")
    if not isinstance(target, str):
        raise DataError(f"{place}: target must be a text")
    messages = tuple(_messages(entry.get("messages"), place))
    if not messages:
        raise DataError(f"{place}: messages must be a list of turns")
    return Item(messages, target, tuple(_tools(entry.get("tools"), place)))


def _messages(turns: Any, place: str) -> Iterator[dict[str, str]]:
    for turn in turns if isinstance(turns, list) else ():
        role = turn.get("role") if isinstance(turn, dict) else None
        if role not in _ROLES:
            raise DataError(f"{place}: a turn's role must be one of {', '.join(_ROLES)}, not {role!r}")
        content = turn.get("content")
        yield {"role": _ROLES[role], "content": content if isinstance(content, str) else ""}


def _tools(tools: Any, place: str) -> Iterator[str]:
    if not isinstance(tools, list):
        raise DataError(f"{place}: tools must be a list")
    for tool in tools:
        name = tool.get("name") if isinstance(tool, dict) else None
        if not isinstance(name, str):
            raise DataError(f"{place}: a tool must be an object with a name")
        yield name
