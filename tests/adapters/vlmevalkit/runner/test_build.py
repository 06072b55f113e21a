"""What a data set is known by: a digest of its rows, the same wherever its pictures were put."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.vlmevalkit.runner.build import data_digest
from adapters.vlmevalkit.runner.lmudata import VARIABLE


class Frame:
    """As much of a data frame as is looked at."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.columns = list(rows[0])
        self._rows = rows

    def __getitem__(self, columns: list[str]) -> Frame:
        return Frame([{name: row[name] for name in columns} for row in self._rows])

    def itertuples(self, *, index: bool, name: None) -> Iterator[tuple[Any, ...]]:
        assert not index
        assert name is None
        return (tuple(row.values()) for row in self._rows)


def digest(folder: Path, picture: bytes, monkeypatch: pytest.MonkeyPatch, *, several: bool = False) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "0.jpg").write_bytes(picture)
    monkeypatch.setenv(VARIABLE, str(folder))
    path = str(folder / "0.jpg")
    return data_digest(Frame([{"index": 0, "question": "what?", "image_path": [path, path] if several else path}]))


@pytest.mark.parametrize("several", [False, True])
def test_where_pictures_lie_does_not_matter_and_what_they_show_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, several: bool
) -> None:
    here = digest(tmp_path / "here", b"one", monkeypatch, several=several)
    there = digest(tmp_path / "there", b"one", monkeypatch, several=several)
    other = digest(tmp_path / "there", b"another", monkeypatch, several=several)

    assert here == there
    assert here != other


def test_a_cell_that_names_a_file_elsewhere_is_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "lmudata"))
    secret = tmp_path / "file"
    secret.write_text("one")
    rows = [{"index": 0, "question": str(secret)}]
    before = data_digest(Frame(rows))

    secret.write_text("another")

    assert data_digest(Frame(rows)) == before


def test_rows_in_another_order_are_other_data() -> None:
    rows = [{"index": 0}, {"index": 1}]

    assert data_digest(Frame(rows)) != data_digest(Frame(rows[::-1]))
