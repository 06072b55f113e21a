"""The machine itself: processors, GPUs, disks, and settings of the shell that jobs would suffer from."""

from __future__ import annotations

import locale
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

from hub import hardware
from hub.engine.writable import unwritable
from hub.finding import Finding
from hub.settings import Settings
from hub.space import free_bytes
from hub.statedisk import state_findings
from hub.text import show_memory, show_size

_TIGHT_BYTES = 5_000_000_000
_FEW_FILES = 1024
_USED = 0.05  # of a GPU's memory; screens and drivers take less


def machine_findings(settings: Settings, storage: Path | None) -> tuple[Finding, ...]:
    """Return what there is; `storage` is where the engine keeps images, on this host."""
    facts = hardware.describe()
    known = ", ".join(f"{name} {facts[name]}" for name in ("system", "machine", "cpus", "memory", "python"))
    folders = {
        "cache (EVALDOCK_CACHE)": settings.cache_dir,
        "runs (EVALDOCK_RUNS)": settings.runs_dir,
        "state (EVALDOCK_STATE)": settings.state_dir,
    }
    if storage and storage != settings.cache_dir:
        folders["images"] = storage
    return (
        Finding("ok", "machine", known),
        *_gpus(settings),
        *unwritable(settings.runs_dir, "EVALDOCK_RUNS", attempt=False),
        *state_findings(settings),
        *(_disk(what, folder) for what, folder in folders.items()),
        *_shell(),
    )


def _gpus(settings: Settings) -> Iterator[Finding]:
    found = hardware.gpus(settings.gpus)
    if found:
        yield Finding("ok", "GPUs", ", ".join(f"{gpu.id}: {gpu.name}" for gpu in found))
        yield from (_in_use(gpu) for gpu in found if gpu.used_bytes > gpu.memory_bytes * _USED)
    elif shutil.which("nvidia-smi"):
        message = "nvidia-smi is here and lists none (or CUDA_VISIBLE_DEVICES hides them)"
        yield Finding("warning", "GPUs", message, "look at `nvidia-smi` and `echo $CUDA_VISIBLE_DEVICES`")
    else:
        yield Finding("ok", "GPUs", "none: weights are loaded on the processors")


def _in_use(gpu: hardware.Gpu) -> Finding:
    message = f"{show_memory(gpu.used_bytes)} of its {show_memory(gpu.memory_bytes)} are in use now"
    return Finding("warning", f"GPU {gpu.id}", message, "`nvidia-smi` shows by what; a model may lack that room")


def _disk(what: str, folder: Path) -> Finding:
    free = free_bytes(folder)
    message = f"{show_size(free)} free at {folder}"
    if free < _TIGHT_BYTES:
        return Finding("warning", f"disk of {what}", message, "`evaldock clean` shows what can go")
    return Finding("ok", f"disk of {what}", message)


def _shell() -> Iterator[Finding]:
    coding = locale.getpreferredencoding(do_setlocale=False)
    if coding.lower().replace("-", "") != "utf8":
        message = f"text is {coding} here: names and reports in other scripts cannot be shown"
        yield Finding("warning", "locale", message, "export LANG=C.UTF-8")
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files != resource.RLIM_INFINITY and files < _FEW_FILES:
        message = f"a process may open {files} files: too few for many requests at once"
        yield Finding("warning", "open files", message, "ulimit -n 4096")
    size, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if size != resource.RLIM_INFINITY:
        message = f"no file may be larger than {show_size(size)}: downloads of weights would break off"
        yield Finding("warning", "file size", message, "ulimit -f unlimited")
