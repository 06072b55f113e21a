"""Where VLMEvalKit puts what it takes out of tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.vlmevalkit.runner.lmudata import VARIABLE, aside


def test_rows_that_are_put_aside_stay_in_the_data_sets_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    Path(f"/tmp/{aside()}.tsv").write_text("rows")

    assert [path.read_text() for path in tmp_path.iterdir()] == ["rows"]
