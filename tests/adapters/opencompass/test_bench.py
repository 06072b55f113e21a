"""The bench starts from any folder, and says what it lacks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "bench" / "opencompass.py"


def bench(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    bare = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    argv = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(argv, cwd=folder, env={**bare, **env}, capture_output=True, text=True)


def test_it_shows_its_options_in_any_folder(tmp_path: Path) -> None:
    shown = bench(tmp_path, "--help")

    assert (shown.returncode, shown.stderr) == (0, "")
    assert "--rounds" in shown.stdout


def test_without_an_environment_it_names_the_command_that_makes_it(tmp_path: Path) -> None:
    ended = bench(tmp_path, EVALDOCK_CACHE=str(tmp_path / "cache"))

    assert ended.returncode == 1
    assert "`evaldock build opencompass --engine venv` makes it" in ended.stderr


def test_a_step_that_fails_says_what_it_said(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no such module >&2\nexit 3\n")
    python.chmod(0o755)

    ended = bench(tmp_path, "--rounds", "1", "--python", str(python))

    assert ended.returncode == 1
    assert "no such module" in ended.stderr
    assert "the runner failed with code 3" in ended.stderr
