"""Run evaldock as a user does: the installed command, a folder, an exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.upstream import Answer, Body

EVALDOCK = str(Path(sys.executable).with_name("evaldock"))
ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "configs" / "bundled" / "data"
# Parts of public data sets in the layout of their origin: where a variable says, else beside the checkout.
HANGS_S = 240  # whatever takes so long, on the busiest machine, will never end
REAL_DATA = Path(os.environ.get("EVALDOCK_TEST_DATA") or ROOT.parent / "shared" / "data")


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str
    runs: Path

    @property
    def folder(self) -> Path:
        """Return the only run's folder."""
        (folder,) = self.runs.iterdir()
        return folder

    @property
    def report(self) -> dict[str, Any]:
        """Return its report."""
        report: dict[str, Any] = json.loads((self.folder / "report.json").read_text())
        return report

    def scores(self) -> dict[str, dict[str, float]]:
        """Return data set -> metric -> value."""
        results = [result for job in self.report["jobs"] for result in job["results"]]
        return {
            result["dataset"]: {metric["name"]: metric["value"] for metric in result["metrics"]} for result in results
        }


def evaldock(folder: Path, *arguments: str, command: str = EVALDOCK, timeout_s: float = 900, **env: str) -> Ran:
    """Run `evaldock ARGUMENTS` in `folder`, with runs in folder/runs."""
    answer = subprocess.run(
        [command, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env={**os.environ, **env},
    )
    return Ran(answer.returncode, answer.stdout, answer.stderr, folder / "runs")


def gsm8k_task(folder: Path, base_url: str, *, key_env: str = "", limit: int = 20, extra: str = "") -> Path:
    """Write a GSM8K task on the bundled word problems for an endpoint."""
    key = f", api_key_env: {key_env}" if key_env else ""
    path = folder / "task.yaml"
    path.write_text(
        f"version: 1\nname: gsm8k-mock\nmodels: {{m: {{endpoint: '{base_url}', model: mock{key}}}}}\n"
        f"evaluations:\n  - backend: native\n"
        f"    datasets: [{{name: gsm8k, path: '{DATA / 'word_problems'}', few_shot: 2}}]\n"
        f"limit: {limit}\n{extra}"
    )
    return path


def gold_answers() -> dict[str, str]:
    """Return question -> gold solution of the bundled word problems."""
    rows = (json.loads(line) for line in (DATA / "word_problems" / "test.jsonl").read_text().splitlines())
    return {row["question"]: row["answer"] for row in rows}


def right_answer(body: dict[str, Any]) -> str:
    """Answer a GSM8K prompt with its gold solution."""
    prompt = body["messages"][-1]["content"]
    return next(answer for question, answer in gold_answers().items() if prompt.startswith(question))


@contextmanager
def mock_server(folder: Path, *arguments: str) -> Iterator[str]:
    """Serve for the length of the block and yield the URL; then it has ended in good order."""
    command = [EVALDOCK, "mock-server", "--port", "0", *arguments]
    with (folder / "mock.err").open("w") as errors:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=errors, text=True)
    with process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:  # else whoever fails in the block waits for it in vain
            process.send_signal(signal.SIGINT)
        assert process.wait(HANGS_S) == 0


class Held:
    """Answers the first `count` requests; later ones wait for `let_go`, or the end of `midst`.

    Whatever is killed there is killed in the midst of its work, however slow or fast the machine is.
    """

    def __init__(self, answer: Answer, count: int) -> None:
        """Begin with nothing asked."""
        self._reached = threading.Event()
        self._answer = answer
        self._left = count
        self._free = threading.Event()
        self._guard = threading.Lock()

    def __call__(self, body: Body) -> str | Mapping[str, Any]:
        """Answer, or wait."""
        with self._guard:
            self._left -= 1
            waits = self._left < 0
        if waits:
            self._reached.set()
            self._free.wait(HANGS_S)
        return self._answer(body)

    @contextmanager
    def midst(self) -> Iterator[None]:
        """Wait for a request that waits, and answer all of them after the block."""
        try:
            assert self._reached.wait(HANGS_S), "nobody asked so much"
            yield
        finally:
            self.let_go()

    def let_go(self) -> None:
        """Answer all that wait, and whatever comes."""
        self._free.set()
