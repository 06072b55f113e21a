"""The throw-away process of one program: `python -m adapters.native.evaluator.sandbox PARENT`, driven by `box`.

It becomes two: the program's, which knows nothing of the tests, and the tests', which alone can tell the verdict.
Both are sealed before anything of either runs.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from adapters.native.evaluator.sandbox import fence
from adapters.native.evaluator.sandbox.preload import preload, preload_common
from adapters.native.evaluator.sandbox.server import serve
from adapters.native.evaluator.sandbox.testing import run_tests
from adapters.native.evaluator.sandbox.wire import WireError, receive, send

_STDIN, _STDOUT = 0, 1


def main(parent: int) -> None:
    """Judge the program and the tests that standard input brings, one after the other; the verdict goes to output."""
    fence.die_with(parent)
    fence.go_first()
    order = receive(_STDIN)
    fence.limit(memory_bytes=order["memory_bytes"], cpu_s=order["cpu_s"])
    preload_common()
    requests, to_program = os.pipe()
    from_program, replies = os.pipe()
    tester = os.getpid()
    if os.fork() == 0:
        try:
            _program(order, tester, requests, replies)
        finally:
            os._exit(0)
    tests = receive(_STDIN)  # only now: the program's process is a copy of this one as it was before
    verdict = os.dup(_STDOUT)
    send(verdict, _judged(order, tests, verdict, to_program, from_program))


def _program(order: dict[str, Any], tester: int, requests: int, replies: int) -> None:
    fence.keep_only((requests, replies))
    fence.leave_namespaces()
    fence.die_with(tester)
    preload(order["program"], order["paths"])
    why = fence.seal()
    send(replies, {"refused": why})
    if not why:
        serve(order["program"], requests, replies)


def _judged(
    order: dict[str, Any], tests: dict[str, Any], verdict: int, to_program: int, from_program: int
) -> dict[str, Any]:
    fence.keep_only((verdict, to_program, from_program))
    preload(tests["setup"] + "\n" + tests["code"], order["paths"])
    if why := fence.seal():
        return {"refused": why}
    try:
        sealed = receive(from_program)
    except WireError as error:
        return {"passed": False, "why": f"the program cannot be read: {error}"}
    if sealed["refused"]:
        return {"refused": sealed["refused"]}
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, order["time_s"])
    why = run_tests(tests, to_program, from_program)
    return {"passed": not why, "why": why}


if __name__ == "__main__":
    main(int(sys.argv[1]))
