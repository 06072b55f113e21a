"""Answers of APIs as StableToolBench recorded them; only read. A file an API, an entry an input."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from adapters.toolbench.evaluator.stable import names
from adapters.toolbench.evaluator.stable.literals import NotLiteralError, canonical, read_literal

_LARGEST = 64 << 20
Place = tuple[str, str, str]
_EXAMPLES, _LONGEST_EXAMPLES = 5, 2048


class Answer(NamedTuple):
    """What an API answered; `exact`: to this very input, not to one in another order."""

    error: str
    response: Any
    exact: bool = True


class Cache:
    """A folder of answers; `reordered`: one to the same input in another order is an answer, too."""

    def __init__(self, folder: Path, *, reordered: bool = True) -> None:
        """Keep the folder; files are read when they are needed."""
        self._folder = folder
        self._reordered = reordered
        self._read = lru_cache(128)(self._read_file)

    def find(self, category: str, tool: str, api: str, given: Mapping[str, Any]) -> Answer | None:
        """Return what an API answered to an input: as it was written down, else (if wanted) in another order."""
        entries, sorted_keys = self._read(category, tool, api)
        key = str(dict(given))
        found = _answer(entries.get(key), exact=True)
        if found is None and self._reordered:
            found = _answer(entries.get(sorted_keys.get(canonical(given), "")), exact=False)
        return found

    def fingerprint(self, places: Iterable[Place]) -> str:
        """Return `sha256:` and 16 digits of what is recorded of some APIs; `none` where nothing is."""
        digest, nothing = hashlib.sha256(), hashlib.sha256().digest()
        for file in sorted({file for place in places if (file := self._file(*place)) is not None}):
            with suppress(OSError, ValueError):
                digest.update(f"{file.relative_to(self._folder)}\0".encode("utf-8", "replace") + file.read_bytes())
        return "none" if digest.digest() == nothing else f"sha256:{digest.hexdigest()[:16]}"

    def examples(self, category: str, tool: str, api: str) -> str:
        """Return the first answers of an API, as JSON."""
        entries, _ = self._read(category, tool, api)
        shown = dict(list(entries.items())[:_EXAMPLES])
        return json.dumps(shown, ensure_ascii=False)[:_LONGEST_EXAMPLES] if shown else ""

    def recorded(self, category: str, tool: str, api: str) -> Iterator[dict[str, Any]]:
        """Yield the inputs to which an API's answer is recorded."""
        entries, sorted_keys = self._read(category, tool, api)
        for key in sorted_keys.values():
            given = read_literal(key)
            if isinstance(given, dict) and _answer(entries[key], exact=True):
                yield given

    def _read_file(self, category: str, tool: str, api: str) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the entries of an API's file, and their keys by canonical form."""
        file = self._file(category, tool, api)
        try:
            if file is None or file.stat().st_size > _LARGEST:
                return {}, {}
            found = json.loads(file.read_text(encoding="utf-8", errors="replace"))
        except (OSError, ValueError, RecursionError):
            return {}, {}
        entries = found if isinstance(found, dict) else {}
        return entries, _canonical_keys(entries)

    def _file(self, category: str, tool: str, api: str) -> Path | None:
        """Return where the answers of an API should be; None for names that could lead elsewhere."""
        folder = names.standardize_category(category)
        if not folder or folder.startswith(".") or "\0" in folder:
            return None
        # StableToolBench's server takes names with what its folders and functions put behind them, too.
        name = f"{names.standardize(tool.removesuffix(f'_for_{folder}'))}_for_{folder}"
        return self._folder / folder / name / f"{names.api_name(api).partition(f'_for_{tool}')[0]}.json"


def _canonical_keys(entries: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key in entries:
        form = _canonical_form(key)
        if form is not None:
            found.setdefault(form, key)
    return found


def _canonical_form(key: str) -> str | None:
    """Return the form of a key; None where it cannot be read, and is found as it stands alone."""
    try:
        return canonical(read_literal(key))
    except NotLiteralError:
        return None


def _answer(entry: Any, *, exact: bool) -> Answer | None:
    if not isinstance(entry, dict) or "response" not in entry:
        return None
    return Answer(str(entry.get("error") or ""), entry["response"], exact)
