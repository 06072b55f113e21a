"""A folder that evaldock cannot write is found before a run, with the variable that chooses another."""

from __future__ import annotations

import errno
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.engine.docker.engine import DockerEngine
from hub.engine.venv.engine import VenvEngine
from hub.engine.writable import unwritable
from hub.settings import Settings

BELOW_A_FILE = Path("/dev/null/x")


@pytest.mark.parametrize("attempt", [True, False])
def test_a_folder_that_can_be_written_is_no_finding(tmp_path: Path, *, attempt: bool) -> None:
    assert unwritable(tmp_path / "a" / "b", "EVALDOCK_STATE", attempt=attempt) == ()
    assert (tmp_path / "a").exists() is attempt


@pytest.mark.parametrize("attempt", [True, False])
def test_a_folder_below_a_file_is_found_by_its_variable(*, attempt: bool) -> None:
    [finding] = unwritable(BELOW_A_FILE, "EVALDOCK_STATE", attempt=attempt)

    assert (finding.level, finding.subject) == ("missing", "EVALDOCK_STATE")
    assert finding.message == "/dev/null/x cannot be written: Not a directory"
    assert "set EVALDOCK_STATE to a folder" in finding.mend


def test_a_read_only_file_system_is_found_by_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(**_: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(tempfile, "TemporaryFile", read_only)

    [finding] = unwritable(tmp_path, "EVALDOCK_CACHE", attempt=True)

    assert "Read-only file system" in finding.message


def test_a_folder_without_permission_is_found_by_looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)

    [finding] = unwritable(tmp_path, "EVALDOCK_CACHE", attempt=False)

    assert "Permission denied" in finding.message


@pytest.mark.parametrize("probe", [True, False])
def test_venv_needs_state_and_cache(settings: Settings, monkeypatch: pytest.MonkeyPatch, *, probe: bool) -> None:
    monkeypatch.setattr("hub.engine.venv.engine.best_fence", lambda: "full")
    broken = replace(settings, state_dir=BELOW_A_FILE, cache_dir=BELOW_A_FILE)

    findings = VenvEngine(broken).check(gpus=False, probe=probe)

    missing = [finding.subject for finding in findings if finding.level == "missing"]
    assert missing == ["EVALDOCK_STATE", "EVALDOCK_CACHE"]


@pytest.mark.parametrize("probe", [True, False])
def test_docker_needs_state_and_without_it_probes_nothing(settings: Settings, *, probe: bool) -> None:
    class Daemon:
        def info(self) -> dict[str, Any]:
            return {}

    broken = replace(settings, state_dir=BELOW_A_FILE)

    findings = DockerEngine(broken, client=Daemon).check(gpus=False, probe=probe)  # type: ignore[arg-type]

    assert [(finding.level, finding.subject) for finding in findings] == [
        ("ok", "docker"),
        ("missing", "EVALDOCK_STATE"),
    ]
