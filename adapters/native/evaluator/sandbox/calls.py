"""The system calls that a sealed process may still make: memory, time, threads and the pipes that it holds.

Nothing here opens a file, reads a directory, makes a process or a socket, or names another process. So a program
cannot fill a disk, read a secret, signal, trace or outlive its parent, whatever user it runs as.
"""

from __future__ import annotations

import errno
import os

from adapters.runtime.seccomp import ALLOW, ARCHITECTURES, Argument, Rule, filter_code, machine, refuse

# Name -> number on x86_64 and on aarch64; None where the machine has no such call.
_NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "close": (3, 57),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "pipe2": (293, 59),
    "eventfd2": (290, 19),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21),
    "epoll_wait": (232, None),
    "epoll_pwait": (281, 22),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "membarrier": (324, 283),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "pause": (34, None),
    "alarm": (37, None),
    "getitimer": (36, 102),
    "setitimer": (38, 103),
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "getrusage": (98, 165),
    "restart_syscall": (219, 128),
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "set_tid_address": (218, 96),
    "rseq": (334, 293),
    "arch_prctl": (158, None),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "getrandom": (318, 278),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "uname": (63, 160),
    "getcwd": (79, 17),
    "sysinfo": (99, 179),
    "exit": (60, 93),
    "exit_group": (231, 94),
    # Only with the arguments below.
    "clone": (56, 220),
    "clone3": (435, 435),
    "tgkill": (234, 131),
    "prlimit64": (302, 261),
    "fcntl": (72, 25),
    "ioctl": (16, 29),
}
_CLONE_THREAD = 0x00010000
# Duplicate a descriptor, read and set its flags; not: whom the kernel signals when it becomes readable.
_FCNTL = (0, 1, 2, 3, 4, 1030)
_TCGETS = 0x5401  # is it a terminal?


def allowing_code() -> bytes | None:
    """Return the filter of this process, None where evaldock knows no numbers for this machine."""
    if machine() not in ARCHITECTURES:
        return None
    refused = refuse(errno.EPERM)
    return filter_code(ARCHITECTURES[machine()], _rules(), otherwise=refused, foreign=refused)


def _rules() -> list[Rule]:
    number = {name: found for name, numbers in _NUMBERS.items() if (found := _here(numbers)) is not None}
    bound = ("clone", "clone3", "tgkill", "prlimit64", "fcntl", "ioctl")
    return [
        *(Rule(found, ALLOW) for name, found in number.items() if name not in bound),
        Rule(number["clone"], ALLOW, (Argument(0, _CLONE_THREAD, mask=_CLONE_THREAD),)),
        # Its flags lie in memory, where a filter cannot look; told that there is none, libc makes threads by clone.
        Rule(number["clone3"], refuse(errno.ENOSYS)),
        Rule(number["tgkill"], ALLOW, (Argument(0, os.getpid()),)),  # abort() kills itself
        Rule(number["prlimit64"], ALLOW, (Argument(0, 0),)),
        *(Rule(number["fcntl"], ALLOW, (Argument(1, command),)) for command in _FCNTL),
        Rule(number["ioctl"], ALLOW, (Argument(1, _TCGETS),)),
    ]


def _here(numbers: tuple[int | None, int | None]) -> int | None:
    return dict(zip(ARCHITECTURES, numbers, strict=True))[machine()]
