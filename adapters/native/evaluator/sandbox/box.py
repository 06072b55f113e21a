"""Judge one program by its tests in a throw-away process, and return the verdict; whatever it does, only it fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from adapters.native.evaluator.errors import EvaluationError
from adapters.native.evaluator.sandbox.wire import LONGEST

_ROOT = Path(__file__).resolve().parents[4]
_MODULE = "adapters.native.evaluator.sandbox"
_START_S = 60.0  # a busy machine may take long to start a process: that is not the program's time


class SandboxError(EvaluationError):
    """No program can be judged here."""


@dataclass(frozen=True)
class ProgramTests:
    """What judges a program; the names are Python's, the texts are the problem's own and are trusted as data are.

    Attributes:
        setup: what runs first, beside the tests: imports and helpers that the problem gives.
        code: the tests; a program passes them by letting them run through.
        names: what the tests take from the program.
    """

    setup: str
    code: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Limits:
    """What a program may use; `time_s` is its wall time and, rounded up, that of the processor."""

    time_s: float = 10.0
    memory_bytes: int = 1 << 30


@dataclass(frozen=True)
class Verdict:
    """Whether a program passed, and why not."""

    passed: bool
    why: str = ""


def judge(program: str, tests: ProgramTests, limits: Limits = Limits()) -> Verdict:
    """Return the verdict on a program.

    Raises:
        SandboxError: the kernel of this machine cannot shut a program in, or no process can be started.
    """
    order = {
        "program": program,
        "paths": [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")],
        "memory_bytes": limits.memory_bytes,
        "cpu_s": int(limits.time_s) + 1,
        "time_s": limits.time_s,
    }
    frames = _frame(order), _frame(asdict(tests))
    if len(frames[0]) > LONGEST:
        return Verdict(passed=False, why="the program is too long")
    return _ended(b"".join(frames), limits)


def _ended(given: bytes, limits: Limits) -> Verdict:
    # -S: nothing that is installed beside Python runs before the seal.
    argv = [sys.executable, "-s", "-S", "-B", "-m", _MODULE, str(os.getpid())]
    environment = {"PYTHONPATH": str(_ROOT), "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(
            argv, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, cwd="/", start_new_session=True
        )
    except OSError as error:
        raise SandboxError(f"no process can be started for a program: {error}") from error
    with process:
        try:
            told, errors = process.communicate(given, timeout=limits.time_s + _START_S)
        except subprocess.TimeoutExpired:
            return Verdict(passed=False, why=_out_of_time(limits))
        finally:
            _end(process)
    if process.returncode == -signal.SIGALRM:
        return Verdict(passed=False, why=_out_of_time(limits))
    if process.returncode < 0:
        return Verdict(passed=False, why=f"its tests were ended by signal {-process.returncode}")
    return _read(told, errors)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill what still runs; the program's own process dies with that of its tests."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _read(told: bytes, errors: bytes) -> Verdict:
    try:
        verdict = json.loads(told[4:])
        if verdict.get("refused"):
            raise SandboxError(f"programs that a model wrote are not run here: {verdict['refused']}")
        return Verdict(passed=verdict["passed"] is True, why=str(verdict["why"]))
    except (ValueError, LookupError) as error:
        last = errors.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise SandboxError(f"the process of a program broke off: {last[0]}") from error


def _out_of_time(limits: Limits) -> str:
    return f"it did not end within {limits.time_s:g} s"


def _frame(data: Any) -> bytes:
    payload = json.dumps(data).encode()
    return len(payload).to_bytes(4, "big") + payload
