"""A throw-away process is shut in: shown by processes that are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]


def told_by(program: str) -> str:
    """Return what a process prints that runs `program` with `fence` at hand."""
    head = "import os, resource\nfrom adapters.native.evaluator.sandbox import fence\n"
    done = subprocess.run(
        [sys.executable, "-c", head + program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_it_is_what_the_kernel_ends_first_where_memory_runs_out() -> None:
    assert told_by("fence.go_first()\nprint(open('/proc/self/oom_score_adj').read())") == "1000"


def test_limits_cannot_be_raised_again() -> None:
    program = (
        "fence.limit(memory_bytes=1 << 30, cpu_s=7)\n"
        "print(*resource.getrlimit(resource.RLIMIT_CPU), *resource.getrlimit(resource.RLIMIT_FSIZE))"
    )

    assert told_by(program) == "7 7 0 0"


def test_a_limit_that_is_lower_already_stays() -> None:
    program = (
        "resource.setrlimit(resource.RLIMIT_CPU, (5, 5))\nfence.limit(memory_bytes=1 << 30, cpu_s=7)\n"
        "print(*resource.getrlimit(resource.RLIMIT_CPU))"
    )

    assert told_by(program) == "5 5"


def test_all_but_the_given_descriptors_lead_nowhere() -> None:
    program = (
        "reader, writer = os.pipe()\nsecret = os.pipe()\nkept = os.dup(1)\nfence.keep_only((kept, writer))\n"
        "print('nobody sees this', flush=True)\n"
        "closed = [fd for fd in (reader, *secret) if not os.path.exists(f'/proc/self/fd/{fd}')]\n"
        "os.write(kept, str(len(closed)).encode())"
    )

    assert told_by(program) == "3"


def test_it_ends_where_its_parent_has_ended_already() -> None:
    program = (
        "child = os.fork()\nif child == 0:\n    fence.die_with(1 << 22)\n    os._exit(0)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )

    assert told_by(program) == "-9"


def test_a_machine_without_a_filter_is_refused_with_its_name() -> None:
    program = "import platform\nplatform.machine = lambda: 'sparc'\nprint(fence.seal())"

    assert told_by(program) == "evaldock cannot shut a program in on sparc"


def test_what_root_may_is_given_up() -> None:
    program = (
        "fence.drop_rights()\n"
        "print(*(line.split()[1] for line in open('/proc/self/status') if line[:6] in ('CapEff', 'CapPrm')))"
    )

    assert told_by(program) == "0000000000000000 0000000000000000"
