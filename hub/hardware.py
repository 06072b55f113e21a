"""What this machine has: GPUs, processors, memory, for plans and for a report's provenance."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess


def gpu_names() -> dict[str, str]:
    """Return GPU id -> product name as nvidia-smi lists them; empty where there is none.

    CUDA_VISIBLE_DEVICES, where set, narrows the list as it does for CUDA programs.
    """
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return {}
    command = [tool, "--query-gpu=index,name", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (subprocess.SubprocessError, OSError):
        return {}
    rows = (line.split(",", 1) for line in answer.stdout.splitlines() if "," in line)
    found = {index.strip(): name.strip() for index, name in rows}
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return found
    return {index: found[index] for index in visible.split(",") if index in found}


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
    gpus = gpu_names()
    if gpus:
        facts["gpus"] = ", ".join(f"{index}: {name}" for index, name in gpus.items())
    return facts
