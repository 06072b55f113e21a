"""Print every place where OpenCompass could run a program in the data sets of the catalog: `module: call`.

Run by the Python of OpenCompass's environment. The modules are those of each data set's loader, evaluator and
postprocessors, in both ways of scoring.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapters.opencompass.catalog import catalog
from adapters.opencompass.contract import Dataset, Part
from adapters.opencompass.runner import compat

_CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "Popen", "run", "check_output", "parse_expr"}
_HARMLESS = {"listdir", "makedirs", "getenv"}
_OWNERS = {"os", "subprocess", "pickle", "dill", "joblib", "marshal", "sympy"}


def main() -> None:
    """Print each place once."""
    from adapters.opencompass.runner.configs import read

    found: set[str] = set()
    for name, entry in catalog().items():
        parts = tuple(Part(abbr, abbr, subset) for subset, abbr in entry.parts.items())
        for config in entry.configs.values():
            for _, one in read(Dataset(name, config, "", parts[:1])):
                for module in _modules(one):
                    found.update(f"{module.removeprefix('opencompass.')}: {call}" for call in _calls(module))
    sys.stdout.write("".join(f"{place}\n" for place in sorted(found)))


def _modules(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield where the types of a data set are defined."""
    scoring = config["eval_cfg"]
    types = [config["type"], scoring["evaluator"]["type"]]
    types += [scoring[key]["type"] for key in scoring if key.endswith("_postprocessor") and scoring[key]]
    for one in types:
        kind = _resolved(one) if isinstance(one, str) else one
        yield inspect.getmodule(kind).__name__  # type: ignore[union-attr]  # a class always has one


def _resolved(name: str) -> Any:
    from opencompass.registry import ICL_EVALUATORS, LOAD_DATASET, TEXT_POSTPROCESSORS

    if "." in name:
        module, _, attribute = name.rpartition(".")
        return getattr(importlib.import_module(module), attribute)
    found = (registry.get(name) for registry in (ICL_EVALUATORS, LOAD_DATASET, TEXT_POSTPROCESSORS))
    return next(kind for kind in found if kind)


def _calls(module: str) -> Iterator[str]:
    source = Path(str(sys.modules[module].__file__)).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=name)) if (
                owner in _OWNERS and name not in _HARMLESS
            ):
                yield f"{owner}.{name}"


if __name__ == "__main__":
    with TemporaryDirectory() as scratch:
        compat.settle(Path(scratch))
        compat.mend()
        main()
