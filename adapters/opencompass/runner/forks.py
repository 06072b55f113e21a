"""Work done in a fork of this process: it inherits all that is loaded, and what kills it leaves us alive."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable


def in_fork(work: Callable[[], None]) -> str:
    """Do `work` in a fork; return why it did not come to its end, nothing where it did."""
    sys.stdout.flush()
    sys.stderr.flush()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        os._exit(_guarded(work, write))
    os.close(write)
    with os.fdopen(read, encoding="utf-8", errors="replace") as said:
        reason = said.read()
    _, status = os.waitpid(child, 0)
    return reason or how_it_died(os.waitstatus_to_exitcode(status))


def _guarded(work: Callable[[], None], write: int) -> int:
    """Return the exit code of a fork: nothing may fall out of it into the code of its parent."""
    code = 1
    try:
        work()
        code = 0
    except BaseException as error:  # noqa: BLE001 - the parent reports it
        traceback.print_exc()
        os.write(write, f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:4000])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return code


def how_it_died(code: int) -> str:
    """Return what an exit code says, nothing for success."""
    if code == 0:
        return ""
    if code == -signal.SIGKILL:
        return "the process was killed, as the kernel does where memory runs out"
    if code < 0:
        return f"the process died of {signal.Signals(-code).name}"
    return f"the process ended with code {code}"
