"""What OpenCompass ships, listed as JSON: its configurations of some data sets, and its averages over subjects.

    python -m adapters.opencompass.runner.listing FOLDER...

runs in OpenCompass's image or environment; FOLDER is one below its configs/datasets. No prompt is in the list.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from adapters.opencompass.runner import compat
from adapters.opencompass.runner.configs import all_in, shipped
from adapters.opencompass.runner.protocol import class_name, few_shot_of


def listing(folders: Sequence[str]) -> dict[str, Any]:
    """Return `configs`, folder -> name -> what is known of it, and `groups`, folder -> average -> its parts."""
    return {
        "configs": {folder: dict(_configs(shipped() / folder)) for folder in folders},
        "groups": {folder: groups for folder in folders if (groups := dict(_groups(folder)))},
    }


def _configs(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted(folder.glob("*.py")):
        found: list[dict[str, Any]] = []
        with contextlib.suppress(Exception):  # it is Python, and some are broken: those are no configurations
            found = list(all_in(file))
        if found:
            yield file.stem, facts(found)


def facts(every: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return how the parts of a configuration ask, and who scores them."""
    shots = {few_shot_of(config["infer_cfg"]) for config in every}
    return {
        "few_shot": shots.pop() if len(shots) == 1 else None,
        "inferencers": sorted({class_name(config["infer_cfg"]["inferencer"]["type"]) for config in every}),
        "evaluators": sorted({class_name(_evaluator(config)) for config in every}),
        "parts": [config["abbr"] for config in every],
    }


def _evaluator(config: Mapping[str, Any]) -> object:
    return config.get("eval_cfg", {}).get("evaluator", {}).get("type")


def _groups(folder: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the plain averages over some parts of a data set that OpenCompass's own summaries show."""
    try:
        module = importlib.import_module(f"opencompass.configs.summarizers.groups.{folder}")
    except ModuleNotFoundError:
        return
    for group in getattr(module, f"{folder}_summary_groups", ()):
        start, _, name = group["name"].partition("-")
        if start == folder and name and "weights" not in group:
            yield name, list(group["subsets"])


def main() -> int:
    """Print the list of what is in the folders that are named."""
    scratch = Path(tempfile.mkdtemp(prefix="opencompass-"))
    compat.settle(scratch)
    try:
        compat.mend()
        sys.stdout.write(json.dumps(listing(sys.argv[1:])) + "\n")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
