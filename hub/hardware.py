"""What this machine has: GPUs, processors, memory, for plans and for a report's provenance."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple


class Gpu(NamedTuple):
    """One GPU; `memory_bytes` and what of it is in use are 0 where nobody says."""

    id: str
    name: str
    memory_bytes: int = 0
    used_bytes: int = 0


def gpus(stated: Sequence[tuple[str, int]] | None = None) -> tuple[Gpu, ...]:
    """Return the GPUs as nvidia-smi lists them; none where there is none. Those that are `stated` are believed.

    CUDA_VISIBLE_DEVICES, where set, narrows the list as it does for CUDA programs.
    """
    if stated is not None:
        return tuple(Gpu(name, "stated by EVALDOCK_GPUS", size) for name, size in stated)
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    command = [tool, "--query-gpu=index,name,memory.total,memory.used,uuid", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (subprocess.SubprocessError, OSError):
        return ()
    rows = [[part.strip() for part in line.split(",")] for line in answer.stdout.splitlines()]
    found = [(_gpu(row), row[-1]) for row in rows if len(row) >= 3]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return tuple(gpu for gpu, _ in found) if visible is None else tuple(_visible(found, visible.split(",")))


def _visible(found: Sequence[tuple[Gpu, str]], named: Sequence[str]) -> Iterator[Gpu]:
    """Yield the GPUs named by index or the beginning of their UUID; the first name that is none's hides the rest."""
    for name in map(str.strip, named):
        fits = [gpu for gpu, uuid in found if name == gpu.id or (name.startswith("GPU-") and uuid.startswith(name))]
        if len(fits) != 1:
            return
        yield fits[0]


def _gpu(row: Sequence[str]) -> Gpu:
    # Name and index have no comma; memory is in MiB, or `[N/A]` where it is the machine's own.
    sizes = [int(part) << 20 if part.isdigit() else 0 for part in row[2:4]]
    return Gpu(row[0], row[1], *sizes)


def gpu_names(stated: Sequence[tuple[str, int]] | None = None) -> dict[str, str]:
    """Return GPU id -> product name."""
    return {gpu.id: gpu.name for gpu in gpus(stated)}


def cpus() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def memory_bytes() -> int:
    """Return the machine's memory, or what the container that we are in may use of it."""
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return whole
    return min(whole, int(limit)) if limit.isdigit() else whole


def describe() -> dict[str, str]:
    """Return a few facts for provenance: system, processor count, memory, GPUs; no host name, no user name."""
    pages, page_size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    facts = {
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpus": str(os.cpu_count() or 0),
        "memory": f"{pages * page_size / (1 << 30):.1f} GiB",
        "python": platform.python_version(),
    }
    if names := gpu_names():
        facts["gpus"] = ", ".join(f"{index}: {name}" for index, name in names.items())
    return facts
