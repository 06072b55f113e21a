"""What `doctor` says about the venv engine: Pythons, isolation, GPUs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from hub.engine import Isolation
from hub.engine.venv.python import find_python, how_to_get, uv_command
from hub.engine.writable import unwritable
from hub.finding import ON_PROCESSORS, Finding
from hub.images import image_names, load_image
from hub.settings import Settings

DEVICE = "/dev/nvidia0"
_SMI_TIMEOUT_S = 20


def findings(settings: Settings, isolation: Isolation | None, *, gpus: bool) -> tuple[Finding, ...]:
    """Return one line per thing that jobs need of this machine; `isolation` is None where it was not probed."""
    versions = sorted({load_image(name, settings).python for name in image_names()})
    lines = [_python(version) for version in versions]
    lines += unwritable(settings.state_dir, "EVALDOCK_STATE", attempt=isolation is not None)
    lines += unwritable(settings.cache_dir, "EVALDOCK_CACHE", attempt=isolation is not None)
    lines += _usable_in_path(settings.cache_dir)
    if isolation is not None:
        lines.append(_isolation(isolation))
    return (*lines, *(_gpus(settings) if gpus else ()))


def _usable_in_path(cache_dir: Path) -> list[Finding]:
    """Refuse what `venv` and PATH cannot hold: an environment in the cache could not be entered."""
    if os.pathsep not in str(cache_dir):
        return []
    message = f"{cache_dir} holds {os.pathsep!r}, and environments made there could not be used"
    return [Finding("missing", "EVALDOCK_CACHE", message, "set EVALDOCK_CACHE to a folder without it")]


def _python(version: str) -> Finding:
    subject = f"Python {version}"
    if path := find_python(version):
        return Finding("ok", subject, path)
    if uv_command():
        return Finding("ok", subject, "not here; uv will install it when an environment is built")
    return Finding("missing", subject, "the locks of the images need it", how_to_get(version))


def _isolation(isolation: Isolation) -> Finding:
    if isolation == "namespace":
        return Finding("ok", "isolation", "jobs run in namespaces of their own, without a network")
    message = "the kernel lets us make no namespaces: jobs can reach the network and this user's files and processes"
    switches = "sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns"
    mend = f"use Docker, or allow user namespaces: {switches}"
    return Finding("warning", "isolation", message, mend)


def _gpus(settings: Settings) -> Iterator[Finding]:
    if names := _gpu_names():
        yield from (Finding("ok", "GPU", name) for name in names)
    elif Path(DEVICE).exists():
        yield Finding(
            "warning", "GPU", f"{DEVICE} is there, but nvidia-smi does not answer", "look at `nvidia-smi`"
        )
    else:
        way = "correct EVALDOCK_GPUS" if settings.gpus else "install its driver"
        yield Finding("missing", "GPU", "no NVIDIA GPU on this machine", f"{way}, or {ON_PROCESSORS}")


def _gpu_names() -> list[str]:
    """Return what nvidia-smi lists, without the serial numbers."""
    smi = shutil.which("nvidia-smi")
    if smi is None:
        return []
    try:
        done = subprocess.run((smi, "-L"), capture_output=True, text=True, timeout=_SMI_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line.split(" (UUID")[0] for line in done.stdout.splitlines()] if done.returncode == 0 else []
