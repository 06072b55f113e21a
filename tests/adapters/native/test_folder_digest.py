"""A folder's digest is another where a file that counts is another, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.native.evaluator.models.folder_digest import content_digest


def make(folder: Path) -> Path:
    (folder / "inner").mkdir(parents=True)
    (folder / "a.py").write_text("1", encoding="utf-8")
    (folder / "inner" / "b.py").write_text("2", encoding="utf-8")
    return folder


def cache(folder: Path) -> None:
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "a.pyc").write_text("x", encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.py").write_text("3", encoding="utf-8"),
        lambda folder: (folder / "a.py").rename(folder / "c.py"),
        lambda folder: (folder / "inner" / "new").write_text("", encoding="utf-8"),
    ],
    ids=["content", "name", "new file"],
)
def test_a_change_shows(tmp_path: Path, change: Callable[[Path], object]) -> None:
    folder = make(tmp_path / "f")
    before = content_digest(folder)

    change(folder)

    assert content_digest(folder) != before


@pytest.mark.parametrize(
    "change", [cache, lambda folder: (folder / ".hidden").write_text("x", encoding="utf-8")], ids=["cache", "hidden"]
)
def test_what_does_not_count_does_not_show(tmp_path: Path, change: Callable[[Path], object]) -> None:
    folder = make(tmp_path / "f")
    before = content_digest(folder)

    change(folder)

    assert content_digest(folder) == before
