import os
from pathlib import Path

import pytest

from hub.engine.docker.container import require_readable
from hub.errors import EngineError
from hub.job import Job, Mount

STRANGER = (os.getuid() + 1, os.getgid() + 1)


def job(source: Path) -> Job:
    return Job(id="1-m-native", image="native", command=("x",), files={}, mounts=(Mount(source, "/models/m"),))


def test_weights_that_only_their_owner_may_read_are_refused_with_the_mend(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "model.safetensors").write_bytes(b"w")
    (tmp_path / "model.safetensors").chmod(0o600)

    with pytest.raises(EngineError, match=r"may not read .*model\.safetensors") as caught:
        require_readable(job(tmp_path), STRANGER)

    assert "chmod -R a+rX" in caught.value.hint


def test_a_folder_that_cannot_be_entered_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o744)

    with pytest.raises(EngineError, match="may not read"):
        require_readable(job(tmp_path), STRANGER)


def test_readable_files_and_dangling_links_pass(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "config.json").chmod(0o644)
    (tmp_path / "gone").symlink_to(tmp_path / "absent")

    require_readable(job(tmp_path), STRANGER)


def test_the_callers_own_files_need_no_look(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("")
    (tmp_path / "secret").chmod(0o600)

    require_readable(job(tmp_path), (os.getuid(), os.getgid()))
