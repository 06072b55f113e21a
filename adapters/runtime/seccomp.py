"""Filters of system calls (seccomp): written as rules, installed for this process and all that it starts, for good.

They need no rights, so they hold in a container and in a virtual environment alike.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

ALLOW = 0x7FFF0000
# Machine -> what the kernel calls it in a filter (linux/audit.h).
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 22, 38
_MODE_FILTER = 2
_LOAD, _AND, _JUMP_EQUAL, _JUMP_GREATER, _RETURN = 0x20, 0x54, 0x15, 0x25, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data; both machines are little endian
_HIGHEST = 0x3FFFFFFF  # above lie the calls of another ABI of the same processor (x32)

_Step = tuple[int, int, int, int]


class Argument(NamedTuple):
    """What an argument of a call (its lower 32 bits) must be under a mask for a rule to apply."""

    position: int
    value: int
    mask: int = 0xFFFFFFFF


class Rule(NamedTuple):
    """What the filter answers to a system call by its number; the first rule that applies counts."""

    number: int
    answer: int
    arguments: tuple[Argument, ...] = ()


def refuse(number: int) -> int:
    """Return the answer that fails a call with this errno."""
    return 0x00050000 | number


def machine() -> str:
    """Return the machine's name, as ARCHITECTURES has it where filters can be written for it."""
    return platform.machine()


def filter_code(architecture: int, rules: Iterable[Rule], *, otherwise: int, foreign: int) -> bytes:
    """Return the filter; `otherwise` is for calls without a rule, `foreign` for those of any other ABI."""
    steps: list[_Step] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, foreign),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_GREATER, 0, 1, _HIGHEST),
        (_RETURN, 0, 0, foreign),
    ]
    for rule in rules:
        steps += _steps(rule)
    steps.append((_RETURN, 0, 0, otherwise))
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def install(code: bytes) -> str:
    """Install a filter; return why that is impossible here, an empty string where it is done."""
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    asked = ((_PR_SET_NO_NEW_PRIVS, 1, 0), (_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program)))
    for option, first, second in asked:
        if libc.prctl(option, first, second, 0, 0):
            return f"the kernel refuses the filter of system calls: {os.strerror(ctypes.get_errno())}"
    return ""


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def _steps(rule: Rule) -> Sequence[_Step]:
    """Return a rule's part of the filter; where it does not apply, it falls through to the next."""
    checks = [
        step
        for argument in rule.arguments
        for step in (
            (_LOAD, 0, 0, _ARGUMENTS + 8 * argument.position),
            (_AND, 0, 0, argument.mask),
            (_JUMP_EQUAL, 0, 0, argument.value),
        )
    ]
    steps = [(_LOAD, 0, 0, _NUMBER), (_JUMP_EQUAL, 0, 0, rule.number), *checks, (_RETURN, 0, 0, rule.answer)]
    last = len(steps) - 1
    return [
        (code, 0, last - place, value) if code == _JUMP_EQUAL else (code, yes, no, value)
        for place, (code, yes, no, value) in enumerate(steps)
    ]
