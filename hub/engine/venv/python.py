"""Find the Python that a lock was made for: the running one, one on PATH, one of uv's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from hub.errors import PrerequisiteError

_VERSION = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
_PACKAGED_UV = "import uv; print(uv.find_uv_bin())"
_TIMEOUT_S = 30
_INSTALL_TIMEOUT_S = 600


def find_python(version: str) -> str | None:
    """Return an interpreter of `major.minor` that really runs; None where there is none."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}" and sys.executable:
        return sys.executable
    return next((path for path in _candidates(version) if _runs(path, version)), None)


def need_python(version: str) -> str:
    """Return an interpreter of `major.minor`, installed through uv where that is there.

    Raises:
        PrerequisiteError: there is none and none can be had.
    """
    found = find_python(version)
    if found is None and (uv := uv_command()):
        _output((*uv, "python", "install", version), _INSTALL_TIMEOUT_S)
        found = find_python(version)
    if found is None:
        message = f"Python {version} is needed for this environment and was not found"
        raise PrerequisiteError(message, hint=how_to_get(version))
    return found


def how_to_get(version: str) -> str:
    """Return the command that brings a Python."""
    return f"`pip install uv && uv python install {version}`, or install python{version} with your package manager"


def uv_command() -> tuple[str, ...] | None:
    """Return how to call uv: from PATH, or what this Python has of it; None where it is not installed."""
    packaged = _output((sys.executable, "-c", _PACKAGED_UV), _TIMEOUT_S)
    for path in (*_on_path("uv"), *packaged.splitlines()):
        if _output((path, "--version"), _TIMEOUT_S):
            return (path,)
    return None


def _candidates(version: str) -> Iterator[str]:
    yield from _on_path(f"python{version}")
    if uv := uv_command():
        yield from _output(
            (*uv, "python", "find", "--no-project", "--no-python-downloads", version), _TIMEOUT_S
        ).split("\n")


def _on_path(name: str) -> Iterator[str]:
    """Yield every executable of that name: the first may be a dead shim of a version switcher."""
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = Path(folder or ".") / name
        if path.is_file() and os.access(path, os.X_OK):
            yield str(path.absolute())


def _runs(path: str, version: str) -> bool:
    return bool(path) and _output((path, "-c", _VERSION), _TIMEOUT_S) == version


def _output(argv: tuple[str, ...], timeout_s: float) -> str:
    """Return what the command prints, stripped; nothing where it fails."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
