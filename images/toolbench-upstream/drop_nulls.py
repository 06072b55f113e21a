"""Leave out the keys of answer files that hold null: StableToolBench's converter stumbles over those of its own.

python drop_nulls.py FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def without_nulls(value: Any) -> Any:
    """Return a value without keys that hold null."""
    if isinstance(value, dict):
        return {name: without_nulls(part) for name, part in value.items() if part is not None}
    return [without_nulls(part) for part in value] if isinstance(value, list) else value


def main(folder: Path) -> None:
    """Rewrite every answer file of a folder."""
    for file in sorted(folder.glob("*.json")):
        content = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps(without_nulls(content), indent=2), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
