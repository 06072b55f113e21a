"""What OpenCompass ships, as shipped.json has it, and the command that makes that file anew.

    python -m tests.adapters.opencompass.shipping COMMAND...

COMMAND starts Python where OpenCompass is: `docker run --rm --network none evaldock/opencompass:TAG python` in its
image (`evaldock build opencompass` says the tag), or the `bin/python` of its environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adapters.opencompass.catalog import Entry, catalog

_ROOT = Path(__file__).parents[3]
FILE = _ROOT / "adapters" / "opencompass" / "shipped.json"


def main() -> None:
    """Write shipped.json."""
    FILE.write_text(shipped(sys.argv[1:]), encoding="utf-8")


def shipped(python: Sequence[str]) -> str:
    """Return the text of shipped.json, a line for each configuration."""
    entries = {folder(entry): entry for entry in catalog().values()}
    argv = [*python, "-m", "adapters.opencompass.runner.listing", *sorted(entries)]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    printed = subprocess.run(argv, check=True, stdout=subprocess.PIPE, env=env).stdout
    found = json.loads(printed.splitlines()[-1])
    configs = {name: _lines(entries[name], configs) for name, configs in found["configs"].items()}
    groups = {entries[name].name: _named(entries[name], groups) for name, groups in found["groups"].items()}
    return _object({"configs": _object(configs, 1), "groups": _object(groups, 1)}, 0)


def folder(entry: Entry) -> str:
    """Return where OpenCompass keeps the configurations of a data set."""
    return next(iter(entry.configs.values())).partition("/")[0]


def _lines(entry: Entry, configs: Mapping[str, Mapping[str, Any]]) -> str:
    return _object({name: json.dumps(_facts(entry, fields)) for name, fields in configs.items()}, 2)


def _facts(entry: Entry, fields: Mapping[str, Any]) -> dict[str, Any]:
    lacks = [subset for subset, abbr in entry.parts.items() if abbr not in fields["parts"]]
    kept = {key: fields[key] for key in ("few_shot", "inferencers", "evaluators")}
    return {**kept, **({"lacks": lacks} if lacks else {})}


def _named(entry: Entry, groups: Mapping[str, list[str]]) -> str:
    """Return the averages over subsets of the catalog; `test` of ceval is over parts that have no answers."""
    subsets = {abbr: subset for subset, abbr in entry.parts.items()}
    mine = {name: parts for name, parts in groups.items() if subsets.keys() >= set(parts)}
    return _object({name: json.dumps([subsets[abbr] for abbr in parts]) for name, parts in mine.items()}, 2)


def _object(members: Mapping[str, str], depth: int) -> str:
    """Return a JSON object whose members are texts already."""
    inside, end = " " * (depth + 1), "\n" if not depth else ""
    lines = ",\n".join(f"{inside}{json.dumps(name)}: {text}" for name, text in members.items())
    return f"{{\n{lines}\n{' ' * depth}}}{end}"


if __name__ == "__main__":
    main()
