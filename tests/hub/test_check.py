"""What is missing is found before a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.adapter import Asset
from hub.check import _asset


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_data_that_are_neither_file_nor_folder_are_missing(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "data.jsonl" if kind == "pipe" else Path(os.devnull)
    if kind == "pipe":
        os.mkfifo(path)

    (found,) = _asset(Asset("dataset", "own", "/data/own", "local", str(path)), tmp_path)

    assert (found.level, found.message) == ("missing", f"{path}: neither a file nor a folder")
