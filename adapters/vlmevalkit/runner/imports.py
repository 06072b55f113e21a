"""VLMEvalKit's modules, each with `read_cell` in the place of `eval` from its first line on.

It calls `eval` on cells of data and on answers, in a hundred places; many of the modules are imported only once a
data set is scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

from adapters.vlmevalkit.runner.cells import read_cell

# A model of VLMEvalKit's own (vlmeval.vlm) runs code of its weights anyway.
_PACKAGES = ("vlmeval.api", "vlmeval.dataset", "vlmeval.smp", "vlmeval.tools", "vlmeval.utils")


class CellReading(MetaPathFinder):
    """Finds VLMEvalKit's modules before the ordinary finder does."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load a module that reads cells; None for any other."""
        if not any(fullname == package or fullname.startswith(f"{package}.") for package in _PACKAGES):
            return None
        found = PathFinder.find_spec(fullname, path, target)
        if found is not None and isinstance(found.loader, SourceFileLoader):
            found.loader = _Loader(found.loader.name, found.loader.path)
        return found


class _Loader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        vars(module)["eval"] = read_cell  # a module's own name comes before the builtin one
        super().exec_module(module)
