"""A worker's process as the evaluator has it: started, given orders, heard, and asked why it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

from adapters.native.evaluator.errors import ModelError
from adapters.native.evaluator.workers.devices import Group

_MODULE = "adapters.native.evaluator.workers"
# What libraries of the worker take as the number of threads: together they have the job's processors.
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")


class Heard(NamedTuple):
    """A line of a worker; None: it has ended."""

    worker: Worker
    line: str | None


class Worker:
    """One process; `name`: for messages, `heard`: where its lines go, from a thread of its own."""

    def __init__(self, name: str, environment: Mapping[str, str], heard: SimpleQueue[Heard]) -> None:
        """Start it; it says when it has loaded the model."""
        self.name = name
        self._process: Any = subprocess.Popen(
            [sys.executable, "-m", _MODULE, str(os.getpid()), name],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._listener = threading.Thread(target=self._listen, args=(heard,), daemon=True)
        self._listener.start()

    def order(self, line: str) -> None:
        """Send an order; to one that has ended nothing comes, and its end is heard."""
        with suppress(BrokenPipeError):
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def death(self) -> ModelError:
        """Return why a worker is gone that should be there."""
        code = self._process.wait()
        if code == -signal.SIGKILL:
            hint = "Did memory run out? Each worker loads the model: use fewer, or raise resources.memory."
        else:
            hint = "The job's log has its last words."
        how = f"ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return ModelError(f"{self.name} {how}", hint=hint)

    def end(self) -> None:
        """End it at once: it holds nothing that is not said."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for end in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):  # of an order that nobody read
                end.close()

    def _listen(self, heard: SimpleQueue[Heard]) -> None:
        for line in self._process.stdout:
            if line.endswith("\n"):  # else it was ended amid a line: its end is what is to be heard
                heard.put(Heard(self, line))
        heard.put(Heard(self, None))


def environments(
    groups: Sequence[Group], environment: Mapping[str, str], *, processors: int, scratch: Path
) -> list[dict[str, str]]:
    """Return the variables of each worker: its GPUs, its share of the processors, and a folder of its own.

    There transformers copies the code that a checkpoint brings along; it expects nobody else to do so at that time.
    """
    threads = dict.fromkeys(_THREADS, str(max(1, processors // len(groups))))
    found = []
    for number, group in enumerate(groups):
        gpus = {"CUDA_VISIBLE_DEVICES": ",".join(group)} if group else {}
        found.append({**environment, **threads, **gpus, "HF_MODULES_CACHE": str(scratch / str(number))})
    return found
