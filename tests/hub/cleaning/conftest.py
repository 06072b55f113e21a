"""Only the test's own runs count as live: others may be at work on the machine meanwhile."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.cleaning import live


@pytest.fixture(autouse=True)
def _own_runs_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look = live._folders_with_open_lock

    def own() -> Iterator[Path]:
        return (folder for folder in look() if folder.is_relative_to(tmp_path))

    monkeypatch.setattr(live, "_folders_with_open_lock", own)
