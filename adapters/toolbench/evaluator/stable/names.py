"""Names of tools, APIs and functions as StableToolBench writes them, in its cache, tool files and prompts."""

from __future__ import annotations

import re

LONGEST = 64  # of a function's name, as OpenAI's API has it
_FOREIGN = re.compile(r"[^\u4e00-\u9fa5^a-zA-Z0-9_]")
_REPEATED = re.compile("_+")
_BETWEEN_WORDS = re.compile(r"[ ,/]")
_KEYWORDS = frozenset({"from", "class", "return", "false", "true", "id", "and"})


def standardize(text: str) -> str:
    """Return a name in lower case, of letters, digits, `_`, `^` and Chinese characters alone."""
    name = _REPEATED.sub("_", _FOREIGN.sub("_", text)).lower().strip("_")
    return f"get_{name}" if name[:1].isdigit() else name


def change_name(name: str) -> str:
    """Return a name that is no word of Python."""
    return f"is_{name}" if name in _KEYWORDS else name


def standardize_category(text: str) -> str:
    """Return a category as folders are called."""
    return _BETWEEN_WORDS.sub("_", text).replace("__", "_")


def api_name(text: str) -> str:
    """Return the name of an API, or of a parameter."""
    return change_name(standardize(text))


def function_name(api: str, tool: str) -> str:
    """Return the name under which a model calls an API, both standardized; a long one is cut on the left."""
    return f"{api}_for_{tool}"[-LONGEST:]
