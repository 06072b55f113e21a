"""evaldock, with tables of VLMEvalKit published where a test wants them.

    python -m tests.fakes.published_tables ARGUMENTS

EVALDOCK_TEST_TABLES is a JSON object: name of a table -> {"url": its address, "md5": what is said of it}.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from unittest.mock import patch

from adapters.vlmevalkit.catalog import facts

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def published(tables: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
    """Let VLMEvalKit's tables be at other addresses for the length of the block."""
    known = facts().tables
    with patch.dict(known, {name: replace(known[name], **changes) for name, changes in tables.items()}):  # type: ignore[arg-type]
        yield


def main() -> None:
    from hub.cli import main as evaldock

    with published(json.loads(os.environ["EVALDOCK_TEST_TABLES"])):
        evaldock()


if __name__ == "__main__":
    main()
