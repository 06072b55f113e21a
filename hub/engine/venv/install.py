"""What to install into an environment and how: a pure list of commands for uv or pip, and hints for failures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from hub.images import ImageSpec

_PIN = re.compile(r"^([A-Za-z0-9._-]+(?:\[[^\]]*\])?==[^\s\\;]+(?:\s*;[^\\]*)?)")
_BUILDERS = re.compile(r"^(?:setuptools|wheel)==.*(?:\n[ \t]+.*)*", re.MULTILINE)
_IMPORT = "import torch; print('torch', torch.__version__)"

_HINTS = (
    (
        r"No space left|Disk quota exceeded|os error 28",
        "the disk is full: free some, or set EVALDOCK_CACHE elsewhere",
    ),
    (r"certificate|UnknownIssuer|SSLError", "name your CA bundle in SSL_CERT_FILE"),
    (
        r"DO NOT MATCH THE HASHES|[Hh]ash mismatch",
        "the index serves other files than the lock names: check its mirror",
    ),
    (r"No matching distribution|no version of|not find a version|no wheels", "the package index lacks this version"),
    (
        r"resolve|dns error|Connection refused|Connect|timed out|unreachable|tunnel|ProxyError",
        "no index was reached: check HTTPS_PROXY, PIP_INDEX_URL; torch wheels may lie in EVALDOCK_WHEELS",
    ),
    (r"ensurepip", "install uv (`pip install uv`), or your system's python3-venv package"),
)


@dataclass(frozen=True)
class Step:
    """One command of a build and what it does, for the user."""

    title: str
    argv: tuple[str, ...]


def install_steps(image: ImageSpec, interpreter: str, folder: Path, uv: tuple[str, ...] | None) -> tuple[Step, ...]:
    """Return the commands that make the environment in `folder`, in order.

    Where the lock has setuptools, that comes first, and builds what comes as source only: another one of today could
    make something else of it. The lock comes before torch, which then finds its dependencies there, at the lock's
    versions, and brings only what its own build needs beyond them (the CUDA libraries of a CUDA build).
    """
    python = str(folder / "bin" / "python")
    make = (interpreter, "-m", "venv", *(("--without-pip",) if uv else ()), str(folder))
    steps = [Step("creating the environment", make)]
    lock = image.lock.read_text(encoding="utf-8")
    own = ("--no-build-isolation",) if builders(lock) else ()
    if own:
        wanted = ("--require-hashes", "--no-deps", "-r", str(builders_of(folder)))
        steps.append(Step("installing what builds packages", (*_installer(uv, python), *wanted)))
    if pins(lock):
        wanted = (*own, "--require-hashes", "--no-deps", "-r", str(image.lock))
        steps.append(Step("installing the lock", (*_installer(uv, python), *wanted)))
    if image.torch:
        torch = _torch(image, folder, uv)
        steps.append(Step(f"installing torch {image.torch}", (*_installer(uv, python), *torch)))
        steps.append(Step("importing torch", (python, "-c", _IMPORT)))
    return tuple(steps)


def _installer(uv: tuple[str, ...] | None, python: str) -> tuple[str, ...]:
    if uv:
        options = ("--compile-bytecode", "--index-strategy", "unsafe-best-match")
        return (*uv, "pip", "install", "--python", python, *options)
    return (python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off")


def _torch(image: ImageSpec, folder: Path, uv: tuple[str, ...] | None) -> tuple[str, ...]:
    wanted = (f"torch=={image.torch}", "--constraint", str(constraints_of(folder)))
    if image.wheels:
        return (*wanted, "--no-index", "--find-links", str(image.wheels[0].parent))
    option = "--default-index" if uv else "--index-url"
    return (*wanted, option, image.torch_index) if image.torch_index else wanted


def constraints_of(folder: Path) -> Path:
    """Return the file with the lock's versions, which torch's dependencies must not leave."""
    return folder / "constraints.txt"


def builders_of(folder: Path) -> Path:
    """Return the file with the part of the lock that builds packages."""
    return folder / "builders.lock"


def builders(lock: str) -> str:
    """Return the entries of a lock that build packages, with their hashes; nothing where it has no setuptools."""
    found = [match[0] for match in _BUILDERS.finditer(lock)]
    return "\n".join((*found, "")) if any(entry.startswith("setuptools==") for entry in found) else ""


def pins(lock: str) -> tuple[str, ...]:
    """Return the `name==version` lines of a lock without their hashes: pip takes no hashes in constraints."""
    return tuple(found[1].strip() for line in lock.splitlines() if (found := _PIN.match(line)))


def hint_for(lines: tuple[str, ...]) -> str:
    """Return what the user may do about an installer's last lines."""
    text = "\n".join(lines)
    return next(
        (hint for pattern, hint in _HINTS if re.search(pattern, text)), "run it again; what was downloaded is kept"
    )
