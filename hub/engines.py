"""Choose the engine of a run: the one that was asked for, or docker where it answers, else a virtual environment."""

from __future__ import annotations

from dataclasses import dataclass

from hub.check import missing, require
from hub.engine import Engine
from hub.errors import PrerequisiteError
from hub.settings import Settings


@dataclass(frozen=True)
class Choice:
    """An engine and why it was taken; `fallback` is taken when its images cannot be had."""

    engine: Engine
    reason: str
    fallback: Engine | None = None


def make_engine(name: str, settings: Settings) -> Engine:
    """Return the engine called `name` (docker or venv); imports only that one."""
    if name == "docker":
        from hub.engine.docker.engine import DockerEngine  # noqa: PLC0415

        return DockerEngine(settings)
    from hub.engine.venv.engine import VenvEngine  # noqa: PLC0415

    return VenvEngine(settings)


def choose_engine(wanted: str, settings: Settings, *, gpus: bool, probe: bool = True) -> Choice:
    """Return the engine for a run; without `probe` no probe container is started.

    Raises:
        PrerequisiteError: the engine that was asked for (or, for `auto`, none) can run jobs here.
    """
    if wanted != "auto":
        engine = make_engine(wanted, settings)
        require(engine.check(gpus=gpus, probe=probe))
        return Choice(engine, "asked for")
    docker, venv = make_engine("docker", settings), make_engine("venv", settings)
    try:
        stops = missing(docker.check(gpus=gpus, probe=probe))
    except PrerequisiteError as error:
        why = error.message
    else:
        if not stops:
            return Choice(docker, "a container engine answers", fallback=venv)
        why = f"{stops[0].subject}: {stops[0].message}"
    require(venv.check(gpus=gpus, probe=probe))
    return Choice(venv, f"no usable container engine ({why})")
