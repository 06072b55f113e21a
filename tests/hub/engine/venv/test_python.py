"""A Python is found only where it really runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hub.engine.venv import python as venv_python
from hub.engine.venv.python import find_python, need_python, uv_command
from hub.errors import PrerequisiteError


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder whose two subfolders are all of PATH."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'first'}:{tmp_path / 'second'}")
    monkeypatch.setattr(venv_python, "_PACKAGED_UV", "raise SystemExit(1)")
    return tmp_path


def test_the_running_python_is_taken_where_it_fits(path: Path) -> None:
    assert find_python(f"{sys.version_info.major}.{sys.version_info.minor}") == sys.executable


def test_a_dead_shim_is_passed_over(path: Path) -> None:
    _program(path / "first/python3.99", "echo 'no such version' >&2; exit 127")
    _program(path / "second/python3.99", "echo 3.99")

    assert find_python("3.99") == str(path / "second/python3.99")


def test_a_python_of_another_version_is_passed_over(path: Path) -> None:
    _program(path / "first/python3.99", "echo 3.12")

    assert find_python("3.99") is None


def test_uv_installs_what_is_missing(path: Path) -> None:
    real = path / "uv/python3.99"
    _program(real, "echo 3.99")
    install, find = f"/usr/bin/touch {path}/done", f"[ -e {path}/done ] && echo {real}"
    _program(path / "first/uv", f'case "$*" in *install*) {install};; *find*) {find};; *) echo uv 1;; esac')

    assert find_python("3.99") is None
    assert need_python("3.99") == str(real)


def test_a_python_that_cannot_be_had_is_a_missing_prerequisite(path: Path) -> None:
    with pytest.raises(PrerequisiteError, match=r"Python 3\.99") as caught:
        need_python("3.99")

    assert "uv python install 3.99" in caught.value.hint


def test_a_uv_that_does_not_run_is_none(path: Path) -> None:
    _program(path / "first/uv", "exit 1")

    assert uv_command() is None


def _program(path: Path, script: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
