"""Adapters by name: found by looking for adapters/<name>/adapter.py, imported only when one is asked for."""

from __future__ import annotations

import importlib
from functools import cache

from hub.adapter import Adapter, GoldReader
from hub.errors import EvaldockError
from hub.resources import adapters_folder
from hub.text import did_you_mean


@cache
def adapter_names() -> tuple[str, ...]:
    """Return the names of all adapters, sorted; imports none of them."""
    return tuple(sorted(path.parent.name for path in adapters_folder().glob("*/adapter.py")))


@cache
def load_adapter(name: str) -> Adapter:
    """Import and return the adapter `name`.

    Raises:
        EvaldockError: there is no such adapter, or its module breaks the contract.
    """
    if name not in adapter_names():
        raise EvaldockError(f"no backend {name!r}{did_you_mean(name, adapter_names())}")
    module = importlib.import_module(f"adapters.{name}.adapter")
    adapter: Adapter | None = getattr(module, "ADAPTER", None)
    if adapter is None or adapter.name != name:
        raise EvaldockError(f"adapters/{name}/adapter.py must define ADAPTER with name {name!r}")
    return adapter


@cache
def load_gold(name: str) -> GoldReader | None:
    """Import and return what reads the right answers of the backend `name`; None where its adapter has no gold.py."""
    if not (adapters_folder() / name / "gold.py").is_file():
        return None
    reader: GoldReader = importlib.import_module(f"adapters.{name}.gold").read_gold
    return reader
