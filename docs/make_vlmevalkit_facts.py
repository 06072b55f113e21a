"""Read out of VLMEvalKit what it says of itself: which models it can load, where its tables come from.

    PYTHONPATH=. PYTHON docs/make_vlmevalkit_facts.py adapters/vlmevalkit/facts.json

PYTHON is that of VLMEvalKit's environment (`evaldock build vlmevalkit --engine venv` says where it is). A model is
`local` if it loads weights, which a `model_path` names, else `remote`: it asks a public service, or finds its weights
by itself. A table is a TSV at a URL.
"""

from __future__ import annotations

import inspect
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from adapters.vlmevalkit.catalog import catalog
from adapters.vlmevalkit.runner import compat

Table = tuple[str, dict[str, str]]


def main() -> None:
    """Write the facts to the file that is named."""
    with tempfile.TemporaryDirectory() as scratch:
        compat.settle(Path(scratch))
        compat.prepare()
        from vlmeval.api.base import BaseAPI  # noqa: PLC0415 - the import is what was just prepared
        from vlmeval.config import supported_VLM  # noqa: PLC0415
        from vlmeval.dataset import DATASET_CLASSES  # noqa: PLC0415

    wanted = {table for entry in catalog().values() for table in entry.tables}
    facts = {
        "version": version("ms-vlmeval"),
        "models": _models(supported_VLM, BaseAPI),
        "tables": {name: table for found in DATASET_CLASSES for name, table in _tables(found) if name in wanted},
    }
    Path(sys.argv[1]).write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _models(known: Mapping[str, Any], api: type) -> dict[str, list[str]]:
    local = {name for name, entry in known.items() if _loads(entry, api)}
    return {"local": sorted(local), "remote": sorted(set(known) - local)}


def _loads(entry: Any, api: type) -> bool:
    remote = isinstance(entry.func, type) and issubclass(entry.func, api)
    return not remote and "model_path" in {*inspect.signature(entry.func).parameters, *entry.keywords}


def _tables(found: Any) -> Iterator[Table]:
    urls, sums = getattr(found, "DATASET_URL", {}), getattr(found, "DATASET_MD5", {})
    for name in urls if isinstance(urls, dict) else ():
        if str(urls[name]).startswith("http") and str(urls[name]).endswith(".tsv"):
            yield name, {"url": urls[name], "md5": sums.get(name) or ""}


if __name__ == "__main__":
    main()
