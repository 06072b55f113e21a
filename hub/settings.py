"""Machine facts (caches, runs folder, image sources): from the environment, never from a task file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.errors import PrerequisiteError
from hub.text import parse_size

# A socket's path may have 107 bytes; below the folder come the run's name, the job's number and the socket's name.
_LONGEST_RUNTIME_DIR = 107 - len("/12345678/12345/gateway.sock")

_ANSWERS_BYTES = 20 << 30
_MOST_JOBS = 64


@dataclass(frozen=True)
class Settings:
    """Where evaldock keeps its things on this machine.

    Attributes:
        runs_dir: run folders (EVALDOCK_RUNS, default ./runs).
        cache_dir: models, data sets and environments (EVALDOCK_CACHE, default $XDG_CACHE_HOME/evaldock).
        state_dir: locks, digests; must be on a local disk (EVALDOCK_STATE, default $XDG_STATE_HOME/evaldock).
        runtime_dir: parent of socket folders (default $XDG_RUNTIME_DIR/evaldock where that exists and is short
            enough, else /tmp/evaldock-<uid>).
        answers_bytes: size of the kept answers above which those used longest ago go (EVALDOCK_ANSWERS_SIZE, such as
            500m or 20g, the default).
        gpus: ids and memory in bytes (0: unknown) of the GPUs that runs may use; None: those that nvidia-smi lists
            (EVALDOCK_GPUS, such as `0,1`, `0:80g,1:24g` or `none`).
        jobs: most jobs of a run at once (EVALDOCK_JOBS).
        base_image: base of every image, overriding image.yaml (EVALDOCK_BASE_IMAGE).
        torch_index: package index for torch (EVALDOCK_TORCH_INDEX), e.g. that of a CUDA build.
        wheel_dir: local wheels that builds may use (EVALDOCK_WHEELS, else PIP_FIND_LINKS if it is a folder).
    """

    runs_dir: Path
    cache_dir: Path
    state_dir: Path
    runtime_dir: Path
    answers_bytes: int = _ANSWERS_BYTES
    gpus: tuple[tuple[str, int], ...] | None = None
    jobs: int | None = None
    base_image: str | None = None
    torch_index: str | None = None
    wheel_dir: Path | None = None


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environ` (default: the process's); creates nothing.

    Raises:
        PrerequisiteError: a variable holds what cannot be its value.
    """
    env = os.environ if environ is None else environ
    home = Path(env.get("HOME") or "/tmp")  # noqa: S108 - a process without HOME still needs a place
    cache = Path(env.get("XDG_CACHE_HOME") or home / ".cache") / "evaldock"
    state = Path(env.get("XDG_STATE_HOME") or home / ".local" / "state") / "evaldock"
    return Settings(
        runs_dir=Path(env.get("EVALDOCK_RUNS") or "runs").absolute(),
        cache_dir=Path(env.get("EVALDOCK_CACHE") or cache).absolute(),
        state_dir=Path(env.get("EVALDOCK_STATE") or state).absolute(),
        runtime_dir=_runtime_dir(env),
        answers_bytes=_size(env, "EVALDOCK_ANSWERS_SIZE", _ANSWERS_BYTES),
        gpus=_gpus(env),
        jobs=_jobs(env),
        base_image=env.get("EVALDOCK_BASE_IMAGE") or None,
        torch_index=env.get("EVALDOCK_TORCH_INDEX") or None,
        wheel_dir=_wheel_dir(env),
    )


def _runtime_dir(env: Mapping[str, str]) -> Path:
    xdg = env.get("XDG_RUNTIME_DIR")
    if xdg and os.path.isabs(xdg) and os.access(xdg, os.W_OK):  # noqa: PTH117 - the XDG rules: else ignored
        folder = Path(xdg) / "evaldock"
        if len(os.fsencode(folder)) <= _LONGEST_RUNTIME_DIR:
            return folder
    return Path(f"/tmp/evaldock-{os.getuid()}")  # noqa: S108 - made with mode 0700, and checked


def _size(env: Mapping[str, str], name: str, default: int) -> int:
    stated = env.get(name)
    if not stated:
        return default
    try:
        return parse_size(stated)
    except ValueError as error:
        raise _wrong(name, str(error), "20g") from error


def _gpus(env: Mapping[str, str]) -> tuple[tuple[str, int], ...] | None:
    stated = env.get("EVALDOCK_GPUS")
    if not stated:
        return None
    if stated.strip() == "none":
        return ()
    try:
        parts = [part.strip().partition(":") for part in stated.split(",")]
        found = tuple((name, parse_size(size) if size else 0) for name, _, size in parts)
    except ValueError as error:
        raise _wrong("EVALDOCK_GPUS", str(error), "0:80g,1:80g") from error
    names = [name for name, _ in found]
    if not all(names) or "none" in names or len(set(names)) < len(names):
        raise _wrong("EVALDOCK_GPUS", f"{stated!r} is no list of different device ids", "0,1")
    return found


def _jobs(env: Mapping[str, str]) -> int | None:
    stated = env.get("EVALDOCK_JOBS")
    if not stated:
        return None
    if not (stated.isascii() and stated.isdigit() and 1 <= int(stated) <= _MOST_JOBS):
        raise _wrong("EVALDOCK_JOBS", f"{stated!r} is no number from 1 to {_MOST_JOBS}", "4")
    return int(stated)


def _wrong(name: str, what: str, example: str) -> PrerequisiteError:
    return PrerequisiteError(f"the variable {name}: {what}", hint=f"export {name}={example}")


def _wheel_dir(env: Mapping[str, str]) -> Path | None:
    stated = env.get("EVALDOCK_WHEELS")
    if stated:
        return Path(stated).absolute()
    for word in (env.get("PIP_FIND_LINKS") or "").split():
        if Path(word).is_dir():
            return Path(word).absolute()
    return None
