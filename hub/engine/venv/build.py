"""Build and find virtual environments: one per recipe, in the cache, whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hub.engine import Progress
from hub.engine.venv.indexes import build_environment
from hub.engine.venv.install import Step, builders, builders_of, constraints_of, hint_for, install_steps, pins
from hub.engine.venv.python import need_python, uv_command
from hub.errors import ImageError
from hub.files import write_atomic
from hub.images import ImageSpec
from hub.settings import Settings

_COMPLETE = "complete.json"
_LAST_LINES = 20
_FACTS = """
import importlib.metadata as m, json, platform
names = {d.metadata["Name"].lower(): d.version for d in m.distributions()}
print(json.dumps({"python": platform.python_version(), "torch": names.get("torch", "")}))
"""


def environment_folder(image: ImageSpec, settings: Settings) -> Path:
    """Return where the environment of this recipe lies; an environment cannot be moved, so it is built there."""
    digest = image.recipe_digest.removeprefix("sha256:")[:12]
    return settings.cache_dir / "envs" / f"{image.name}-{digest}"


def read_facts(folder: Path) -> dict[str, str] | None:
    """Return what a complete environment says of itself; None where it is missing, half built or lost its Python."""
    try:
        facts: dict[str, str] = json.loads((folder / _COMPLETE).read_text())
    except (OSError, ValueError):
        return None
    return facts if (folder / "bin" / "python").exists() else None


def build(image: ImageSpec, settings: Settings, progress: Progress) -> dict[str, str]:
    """Return the facts of the environment; build it where it is not complete, alone among all hubs.

    Raises:
        PrerequisiteError: no Python of the wanted version.
        ImageError: an installer failed, or the folder cannot be written.
    """
    folder = environment_folder(image, settings)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_name(f".{folder.name}.lock"), progress):
            return read_facts(folder) or _build(image, folder, progress)
    except OSError as error:
        message = f"environment {image.name!r}: {error.filename or folder}: {error.strerror}"
        raise ImageError(message, hint=hint_for((str(error),))) from error


def _build(image: ImageSpec, folder: Path, progress: Progress) -> dict[str, str]:
    """Build from nothing; the marker is written last, so that an interrupted build is seen and built anew."""
    interpreter = need_python(image.python)
    uv = uv_command()
    if folder.exists():
        progress(f"removing the unfinished {folder}")
        shutil.rmtree(folder)
    folder.mkdir()
    lock = image.lock.read_text(encoding="utf-8")
    constraints_of(folder).write_text("".join(f"{pin}\n" for pin in pins(lock)))
    builders_of(folder).write_text(builders(lock), encoding="utf-8")
    env = build_environment(os.environ)
    for step in install_steps(image, interpreter, folder, uv):
        _run(image, step, env, folder.parent, progress)
    facts = {**_facts(image, folder, env), "installer": "uv" if uv else "pip"}
    write_atomic(folder / _COMPLETE, json.dumps(facts, indent=2, sort_keys=True) + "\n")
    progress(f"environment {image.name!r} is ready: {folder}")
    return facts


def _facts(image: ImageSpec, folder: Path, env: Mapping[str, str]) -> dict[str, str]:
    lines: list[str] = []
    argv = (str(folder / "bin" / "python"), "-c", _FACTS)
    _run(image, Step("reading versions", argv), env, folder, lines.append)
    facts: dict[str, str] = json.loads(lines[-1])
    return facts


def _run(image: ImageSpec, step: Step, env: Mapping[str, str], cwd: Path, progress: Progress) -> None:
    progress(f"{image.name}: {step.title}")
    last: deque[str] = deque(maxlen=_LAST_LINES)

    def tell(line: str) -> None:
        last.append(line)
        progress(line)

    if code := _stream(step.argv, env, cwd, tell):
        lines = "\n".join(f"  {line}" for line in last)
        message = f"environment {image.name!r}: {step.title} failed with code {code}\n{lines}"
        raise ImageError(message, hint=hint_for(tuple(last)))


def _stream(argv: tuple[str, ...], env: Mapping[str, str], cwd: Path, tell: Progress) -> int:
    with subprocess.Popen(
        argv,
        env=env,
        cwd=cwd,  # no pyproject.toml of the user's folder is to be read
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            for line in process.stdout or ():
                if line.strip():
                    tell(line.rstrip())
        except BaseException:
            process.kill()
            raise
        return process.wait()


@contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[None]:
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another evaldock builds this environment; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
