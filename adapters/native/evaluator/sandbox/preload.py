"""Import what a source names before the seal: afterwards no file can be opened, and so nothing more be imported.

Only the standard library and numpy: what they do when they are imported is known.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

_THIRD_PARTY = frozenset({"numpy"})
# They open a browser or a window, print, or end the process. As a command, venv makes a folder and starts a process.
_NEVER = frozenset({"__main__", "antigravity", "this", "idlelib", "turtle", "turtledemo", "tkinter", "test"})
# What programs use most, and what the standard library imports only when it is called.
_ALWAYS = (
    "_strptime",
    "bisect",
    "cmath",
    "collections.abc",
    "copy",
    "dataclasses",
    "datetime",
    "decimal",
    "fractions",
    "functools",
    "heapq",
    "itertools",
    "json",
    "math",
    "operator",
    "random",
    "re",
    "statistics",
    "string",
    "typing",
    "unicodedata",
)


def preload_common() -> None:
    """Import what almost every program uses, once for both processes."""
    _import(_ALWAYS)


def preload(source: str, paths: Sequence[str]) -> None:
    """Import the modules that `source` names, numpy from `paths`; what is not there is the source's own failure."""
    sys.path += paths
    _import(dict.fromkeys(_named(source)))


def _import(names: Iterable[str]) -> None:
    for name in names:
        with suppress(Exception):
            module, _, attribute = name.partition(":")
            importlib.import_module(module)
            if attribute and not hasattr(sys.modules[module], attribute):  # to ask may import it, too
                importlib.import_module(f"{module}.{attribute}")


def _named(source: str) -> Iterator[str]:
    """Yield what a source imports, `module` or `module:name`; nothing where it is no Python."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from filter(_allowed, (alias.name for alias in node.names))
        elif isinstance(node, ast.ImportFrom) and node.module and _allowed(node.module):
            yield node.module
            yield from (f"{node.module}:{alias.name}" for alias in node.names if alias.name not in _NEVER)


def _allowed(name: str) -> bool:
    parts = name.split(".")
    is_known = parts[0] in sys.stdlib_module_names or parts[0] in _THIRD_PARTY
    return is_known and not _NEVER.intersection(parts)
