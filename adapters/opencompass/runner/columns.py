"""Which columns of the data a prompt and its score need: OpenCompass asks on where one is absent.

It leaves `{sentence}` as it stands in the prompt, or writes None there, and scores the answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.opencompass.runner.datafaults import lacks


def needed(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns that the prompt names, and the one with the right answer."""
    reader = config["reader_cfg"]
    prompts = json.dumps(config["infer_cfg"], default=str)
    given = reader["input_columns"]
    asked = [name for name in (given.split() if isinstance(given, str) else given) if f"{{{name}}}" in prompts]
    answer = reader.get("output_column")
    return tuple(dict.fromkeys([*asked, *([answer] if answer else [])]))


def require_columns(rows: Any, config: Mapping[str, Any], data: Path, files: tuple[str, ...]) -> None:
    """Refuse rows that lack what a prompt or a score needs, where it is the files that lack it.

    Of a configuration of the user's own the files are not known, nor whether all that it names is used.

    Raises:
        KeyError: the name of the column.
    """
    for name in needed(config) if files else ():
        absent = name not in rows.column_names
        if (absent and len(rows)) or ((absent or None in rows[name]) and lacks(name, data, files)):
            raise KeyError(name)
