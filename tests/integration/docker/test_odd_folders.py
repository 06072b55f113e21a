"""Folders whose names docker's own -v would take apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.engine.docker.engine import DockerEngine
from hub.job import Mount
from hub.report import EnvironmentRecord
from tests.integration.docker.conftest import Place


@pytest.mark.parametrize("name", ["co:lon", "com,ma", "模 型", 'it\'s "so" $HOME %s'])
def test_a_job_reads_and_writes_folders_of_any_name(
    name: str, engine: DockerEngine, echo: EnvironmentRecord, tmp_path: Path
) -> None:
    place = Place(engine, echo, tmp_path / name)
    data = tmp_path / f"{name} data:ro"
    data.mkdir()
    (data / "rows").write_text("here")
    mounts = (Mount(data, "/data/mine"),)

    said = place.say(
        "from pathlib import Path; print(Path('/data/mine/rows').read_text());"
        "Path('/job/output/done').write_text('yes')",
        mounts=mounts,
    )

    assert said == "here"
    assert (place.folder / "output" / "done").read_text() == "yes"
