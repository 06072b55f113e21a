"""Which engines work here, and which one a run would take: a real probe of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hub.check import missing
from hub.engine import Engine
from hub.engines import Choice, make_engine
from hub.errors import PrerequisiteError
from hub.finding import Finding
from hub.hardware import gpu_names
from hub.settings import Settings


def look_at_engines(wanted: str, settings: Settings, *, gpus: bool) -> tuple[Choice | None, tuple[Finding, ...]]:
    """Return the engine that a run would take (None where none works), and what was found.

    What a run can do without (docker, where venv works; venv, where docker does) is a warning.
    """
    if wanted != "auto":
        engine = make_engine(wanted, settings)
        lines = _named(engine, _check(engine, gpus=gpus))
        return (None if missing(lines) else Choice(engine, "asked for")), lines
    docker, venv = make_engine("docker", settings), make_engine("venv", settings)
    in_docker, in_venv = _named(docker, _check(docker, gpus=gpus)), _named(venv, _check(venv, gpus=gpus))
    if not missing(in_docker):
        choice = Choice(docker, "a container engine answers", fallback=venv)
        return choice, (*in_docker, *_spared(in_venv, "only `--engine venv` needs it"))
    if not missing(in_venv):
        why = missing(in_docker)[0].message
        lines = (*_spared(in_docker, "a run takes virtual environments instead"), *in_venv)
        return Choice(venv, f"no usable container engine ({why})"), lines
    return None, (*in_docker, *in_venv)


def gpu_findings(engine: Engine, settings: Settings) -> Iterator[Finding]:
    """Yield whether the engine can hand out this machine's GPUs, where it has some; a note, while no task asks."""
    if not gpu_names(settings.gpus):
        return
    known = {finding.message for finding in _check(engine, gpus=False, probe=False)}
    asked = (finding for finding in _check(engine, gpus=True, probe=False) if finding.message not in known)
    yield from _named(engine, _spared(asked, "only a task with GPUs needs it"))


def _check(engine: Engine, *, gpus: bool, probe: bool = True) -> tuple[Finding, ...]:
    try:
        return engine.check(gpus=gpus, probe=probe)
    except PrerequisiteError as error:
        return (Finding("missing", "check", error.message, error.hint),)


def _named(engine: Engine, lines: Iterable[Finding]) -> tuple[Finding, ...]:
    """Say which engine each line is about."""
    return tuple(
        line if line.subject == engine.name else replace(line, subject=f"{engine.name}: {line.subject}")
        for line in lines
    )


def _spared(lines: Iterable[Finding], why: str) -> Iterator[Finding]:
    for line in lines:
        if line.level == "missing":
            yield replace(line, level="warning", message=f"{line.message} ({why})")
        else:
            yield line
