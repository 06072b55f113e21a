"""Docker Compose, for those who run tasks with `docker compose up`: which one is here, and whether its file is."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

from hub.finding import Finding

_COMMANDS = (("docker", "compose"), ("docker-compose",))
_DEADLINE_S = 20


def compose_findings() -> Iterator[Finding]:
    """Yield which Compose answers; nothing where there is no Docker. `evaldock run` needs none."""
    if shutil.which("docker") is None and shutil.which("docker-compose") is None:
        return
    for command in _COMMANDS:
        if version := _version(command):
            yield Finding("ok", "compose", f"{' '.join(command)} {version}")
            return
    message = "not here: only `docker compose up` needs it"
    yield Finding("ok", "compose", message, "install docker-compose-plugin (or docker-compose) to use compose.yaml")


def _version(command: tuple[str, ...]) -> str:
    try:
        asked = subprocess.run(
            [*command, "version", "--short"], capture_output=True, text=True, timeout=_DEADLINE_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return asked.stdout.strip()
