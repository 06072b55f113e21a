"""The evaluations whose output is recorded, and the command that records it anew.

    python -m tests.adapters.opencompass.cases PYTHON CASE

PYTHON is that of OpenCompass's environment (`evaldock build opencompass --engine venv` says where it is). The runner
is started as a job would be, on made-up data, and what it writes is kept in recorded/CASE/output.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from aiohttp import web

from adapters.opencompass.adapter import ADAPTER
from hub.adapter import DatasetRequest, Evaluation, ModelTarget
from tests.adapters.native.fake_server import completion, serving
from tests.adapters.opencompass.tiny_answers import answer
from tests.adapters.opencompass.tiny_data import write_data

HERE = Path(__file__).parent
WEIGHTS = HERE.parents[2] / "configs" / "bundled" / "model"
RECORDED = HERE / "recorded"
ENDPOINT = ModelTarget("mock", "endpoint", remote_model="mock", identity="endpoint:mock")
CHECKPOINT = ModelTarget("tiny", "in_job", path="/models/tiny", dtype="float32", identity="local:tiny")
_GATEWAYS: dict[str, dict[str, Any]] = {"endpoint": {"failing": "Ann has 2 apples"}, "killed": {"slow_s": 0.5}}


def evaluation(
    *requests: DatasetRequest, model: ModelTarget = ENDPOINT, concurrency: int = 8, **options: object
) -> Evaluation:
    """Return an evaluation; the data folder is at hand unless `data` says otherwise."""
    return Evaluation(
        "opencompass",
        model,
        requests,
        seed=42,
        concurrency=concurrency,
        deadline_s=60.0,
        options={"data": "/own/data", **options},
    )


def request(name: str, **fields: object) -> DatasetRequest:
    """Return a data set under its own name."""
    return DatasetRequest(name, str(fields.pop("label", name)), **fields)  # type: ignore[arg-type]


def _limited(name: str, *subsets: str) -> DatasetRequest:
    return request(name, limit=4, subsets=subsets or None)


CASES = {
    "endpoint": evaluation(
        *(_limited(name) for name in ("gsm8k", "ARC_c", "siqa", "nq", "CMRC", "Xsum", "lambada", "obqa")),
        _limited("mmlu", "anatomy", "virology"),
        _limited("agieval", "gaokao-chinese", "math"),
        _limited("GaokaoBench", "2010-2022_Math_I_MCQs", "2010-2022_Physics_MCQs"),
        _limited("mbpp"),
        _limited("piqa"),  # its data are missing
    ),
    "continuation": evaluation(
        *(request(name, limit=4, scoring="continuation") for name in ("ARC_c", "winogrande", "race", "CB")),
        model=CHECKPOINT,
    ),
    "killed": evaluation(*(request(name) for name in ("ARC_c", "lambada", "gsm8k")), concurrency=1),
}


def main() -> None:
    """Record one case."""
    python, case = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder, gateway(**_GATEWAYS.get(case, {})) as url:
        root = prepare(Path(folder), CASES[case])
        process = start(python, root, url)
        if case == "killed":
            _kill_in_the_middle(process, root)
        process.wait()
        target = RECORDED / case / "output"
        shutil.rmtree(target, ignore_errors=True)
        # The configurations name folders of the machine.
        shutil.copytree(root / "job" / "output", target, ignore=shutil.ignore_patterns("configs", "*.txt", "*.md"))


def prepare(folder: Path, case: Evaluation, *, without: tuple[str, ...] = ("piqa",)) -> Path:
    """Lay out a job's tree below `folder`; return its root."""
    for name in ("job/input", "job/output", "data", "models"):
        (folder / name).mkdir(parents=True)
    wanted = {one.name for one in case.datasets} - set(without)
    write_data(folder / "data" / "opencompass", wanted)
    (folder / "models" / "tiny").symlink_to(WEIGHTS)
    for name, text in ADAPTER.translate(case).items():
        (folder / "job" / "input" / name).write_text(text, encoding="utf-8")
    return folder


def start(python: str, root: Path, gateway: str) -> subprocess.Popen[bytes]:
    """Start the runner on a tree, as the job's entry would."""
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(HERE.parents[2]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "EVALDOCK_ROOT": str(root),
        "EVALDOCK_GATEWAY": gateway,
    }
    argv = [python, *ADAPTER.command(CASES["endpoint"])[1:]]
    with (root / "log.txt").open("wb") as log:
        return subprocess.Popen(argv, env=env, stdout=log, stderr=log, start_new_session=True)


def gateway(*, failing: str = "", slow_s: float = 0.0) -> AbstractContextManager[str]:
    """Serve the tiny model as the gateway looks from inside a job; a prompt that holds `failing` is an error."""

    async def handle(request: web.Request) -> web.Response:
        body = await request.json()
        await asyncio.sleep(slow_s)
        if failing and failing in str(body["messages"][-1]):
            error = {"message": "500 from upstream: overloaded", "type": "upstream_error"}
            return web.json_response({"error": error}, status=502)
        return completion(answer(body))

    return serving(handle)


def _kill_in_the_middle(process: subprocess.Popen[bytes], root: Path) -> None:
    events = root / "job" / "output" / "events.jsonl"
    while '"dataset": "gsm8k", "done"' not in (events.read_text() if events.exists() else ""):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
