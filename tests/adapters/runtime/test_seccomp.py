"""Filters of system calls, run by a small interpreter of the kernel's instructions and, once, by the kernel."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.runtime.seccomp import ALLOW, Argument, Rule, filter_code, refuse

ROOT = Path(__file__).resolve().parents[3]
HERE, ELSEWHERE = 0xC000003E, 0x40000003
NO, FOREIGN, ABSENT = refuse(1), refuse(13), refuse(38)

RULES = [
    Rule(10, ALLOW),
    Rule(20, ALLOW, (Argument(0, 0x100, mask=0x100),)),
    Rule(30, ALLOW, (Argument(1, 7),)),
    Rule(30, ALLOW, (Argument(1, 8), Argument(2, 0))),
    Rule(40, ABSENT),
]


def answer(number: int, *arguments: int, architecture: int = HERE) -> int:
    """Return what the filter of RULES answers to a call."""
    code = filter_code(HERE, RULES, otherwise=NO, foreign=FOREIGN)
    steps = list(struct.iter_unpack("=HBBI", code))
    padded = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("=IIQ6Q", number, architecture, 0, *padded)
    place = accumulator = 0
    while True:
        kind, yes, no, value = steps[place]
        place += 1
        match kind:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, value)
            case 0x54:
                accumulator &= value
            case 0x15:
                place += yes if accumulator == value else no
            case 0x25:
                place += yes if accumulator > value else no
            case 0x06:
                return int(value)
            case _:
                pytest.fail(f"no such instruction: {kind:#x}")


def test_a_rule_answers_for_its_call_and_for_no_other() -> None:
    assert [answer(number) for number in (9, 10, 11, 40)] == [NO, ALLOW, NO, ABSENT]


def test_a_masked_argument_decides() -> None:
    assert [answer(20, value) for value in (0x100, 0x1FF, 0x0FF, 0)] == [ALLOW, ALLOW, NO, NO]


def test_several_rules_for_one_call_are_alternatives_and_the_arguments_of_one_hold_together() -> None:
    assert [answer(30, 0, *rest) for rest in ((7, 9), (8, 0), (8, 1), (9, 0))] == [ALLOW, ALLOW, NO, NO]


def test_only_the_lower_half_of_an_argument_counts_as_it_does_for_the_kernel() -> None:
    assert answer(30, 0, (5 << 32) | 7) == ALLOW


def test_calls_of_another_abi_are_foreign() -> None:
    assert answer(10, architecture=ELSEWHERE) == FOREIGN
    assert answer(0x40000000 + 10) == FOREIGN


def test_the_kernel_takes_a_filter_and_obeys_it() -> None:
    program = """
import os
from adapters.runtime.seccomp import *
numbers = {"x86_64": 39, "aarch64": 172}
rule = Rule(numbers[machine()], refuse(77))
print(repr(install(filter_code(ARCHITECTURES[machine()], [rule], otherwise=ALLOW, foreign=ALLOW))), os.getpid())
"""

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["''", "-77"]
