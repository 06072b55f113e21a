"""The echo backend with assets of a test's choice; as a program, evaldock with that backend.

python -m tests.fakes.data_adapter ARGUMENTS      assets from EVALDOCK_TEST_ASSETS, a JSON list of Asset's fields
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.echo import adapter as echo
from hub.adapter import Asset, Evaluation
from hub.registry import load_adapter


class DataAdapter(echo.EchoAdapter):
    """Every job of it reads `given`, too."""

    def __init__(self, *given: Asset) -> None:
        self.given = given

    def assets(self, evaluation: Evaluation) -> tuple[Asset, ...]:
        return self.given


@contextmanager
def reading(*assets: Asset) -> Iterator[None]:
    """Let the echo backend read `assets` for the length of the block."""
    before = echo.ADAPTER
    echo.ADAPTER = DataAdapter(*assets)
    load_adapter.cache_clear()
    try:
        yield
    finally:
        echo.ADAPTER = before
        load_adapter.cache_clear()


def main() -> None:
    from hub.cli import main as evaldock

    given = json.loads(os.environ["EVALDOCK_TEST_ASSETS"])
    assets = [Asset(**{**fields, "patterns": tuple(fields.get("patterns", ()))}) for fields in given]
    with reading(*assets):
        evaldock()


if __name__ == "__main__":
    main()
