"""Evaluations in a few words, those whose output is recorded, and the command that records it anew.

    python -m tests.adapters.vlmevalkit.cases PYTHON CASE

PYTHON is that of VLMEvalKit's environment (`evaldock build vlmevalkit --engine venv` says where it is). The runner is
started as a job would be, on made-up tables, and the tables that it leaves are kept in recorded/CASE/output.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from aiohttp import web

from adapters.vlmevalkit.adapter import ADAPTER
from adapters.vlmevalkit.catalog import catalog
from adapters.vlmevalkit.names import file_name
from hub.adapter import DatasetRequest, Evaluation, ModelTarget
from tests.adapters.native.fake_server import completion, serving
from tests.adapters.vlmevalkit.tiny_answers import answer, luck, text_of, verdict
from tests.adapters.vlmevalkit.tiny_data import rows_of, write_data, write_table

HERE = Path(__file__).parent
RECORDED = HERE / "recorded"
ENDPOINT = ModelTarget("mock", "endpoint", remote_model="mock", modality="vision", identity="endpoint:mock")
CHECKPOINT = ModelTarget("tiny", "in_job", path="/models/tiny", modality="vision", identity="local:tiny")
_GATEWAYS: dict[str, dict[str, Any]] = {"failing": {"failing": "[MMStar#2]"}, "killed": {"slow_s": 0.5}}
OWN = {"custom_mcq": "MMStar", "custom_vqa": "TextVQA_VAL"}  # whose rows stand for a user's
_SCRATCH = re.compile(r"/[\w/]*/vlmevalkit-\w+/")
_LEFT_OUT = ("*.pkl", "*.log", "T2*", "*.lock", "*.jpg", "events.jsonl")


def evaluation(
    *requests: DatasetRequest, model: ModelTarget = ENDPOINT, judge: bool = False, **options: object
) -> Evaluation:
    """Return an evaluation."""
    return Evaluation(
        "vlmevalkit", model, requests, seed=42, judge=judge, concurrency=4, deadline_s=60.0, options=options
    )


def request(name: str, **fields: object) -> DatasetRequest:
    """Return a data set under its own name."""
    return DatasetRequest(name, str(fields.pop("label", name)), **fields)  # type: ignore[arg-type]


def _lmudata(*names: str, judge: bool = False) -> Evaluation:
    return evaluation(*(request(name) for name in names), judge=judge, data="/own/lmudata")


CASES = {
    # One data set of each way of scoring, and what is peculiar to one of them.
    "matching": _lmudata(
        *("MMStar", "MMBench_DEV_EN", "MMMU_DEV_VAL", "GMAI-MMBench_VAL", "MMT-Bench_VAL", "MMMB", "MTL_MMBench_DEV"),
        *("MME", "POPE", "HallusionBench", "AMBER", "ChartQA_TEST", "OCRVQA_TESTCORE", "GQA_TestDev_Balanced"),
        *("TextVQA_VAL", "DocVQA_VAL", "OCRBench", "MTVQA_TEST", "COCO_VAL", "DocVQA_TEST"),
    ),
    "judge": _lmudata(
        *("MMStar", "MMT-Bench_VAL", "MMBench_DEV_EN", "MME"),
        *("MMVet", "LLaVABench", "MathVista_MINI", "MathVision_MINI", "MMDU"),
        judge=True,
    ),
    "documents": _lmudata("MMLongBench_DOC", "DUDE_MINI", "SLIDEVQA_MINI", judge=True),
    "limited": evaluation(
        request("MME", limit=5),
        request("MMBench_DEV_EN", limit=5),
        request("MMMB", limit=2),
        request("OCRBench", limit=7),
        data="/own/lmudata",
    ),
    "own": evaluation(
        request("custom_mcq", label="my choices", path=Path("/own/choices.tsv")),
        *(
            request("custom_vqa", label=metric, path=Path("/own/open.tsv"), options={"metric": metric})
            for metric in ("accuracy", "relaxed_accuracy", "vqa_score", "anls")
        ),
    ),
    "failing": _lmudata("MMStar", "ChartQA_TEST", "POPE"),  # one request fails, and POPE's table is missing
    "killed": _lmudata("ChartQA_TEST", "MMStar", "MME"),
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
        shutil.copytree(root / "job" / "output", target, ignore=shutil.ignore_patterns(*_LEFT_OUT))
        for file in target.glob("vlmevalkit/*/model/*"):
            file.write_text(_without_places(file.read_text()))
        sys.stderr.write((root / "log.txt").read_text(errors="replace")[-4000:])


def _without_places(text: str) -> str:
    """Return a text without the folders of this machine: those of the checkout and of the runner's scratch."""
    return _SCRATCH.sub("scratch/", text.replace(f"{HERE.parents[2]}/", ""))


def prepare(folder: Path, case: Evaluation, *, without: tuple[str, ...] = ("POPE",)) -> Path:
    """Lay out a job's tree below `folder`; return its root."""
    for name in ("job/input", "job/output", "data/own"):
        (folder / name).mkdir(parents=True)
    missing = without if case is CASES["failing"] else ()
    tables = [table for one in case.datasets if one.name not in missing for table in catalog()[one.name].tables]
    write_data(folder / "data" / "lmudata", [table for table in tables if not table.startswith("own_")])
    for one in case.datasets:
        if one.path is not None:
            write_table(folder / "data" / "own" / f"{file_name(one.label)}.tsv", rows_of(OWN[one.name]))
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
        "HOME": str(root),
    }
    argv = [python, *ADAPTER.command(CASES["matching"])[1:]]
    with (root / "log.txt").open("wb") as log:
        return subprocess.Popen(argv, env=env, stdout=log, stderr=log, start_new_session=True)


def gateway(*, failing: str = "", slow_s: float = 0.0) -> AbstractContextManager[str]:
    """Serve model and judge as the gateway looks from inside a job; a prompt that holds `failing` is an error."""

    async def handle(request: web.Request) -> web.Response:
        body = await request.json()
        await asyncio.sleep(slow_s)
        if failing and failing in text_of(body):
            error = {"message": "500 from upstream: overloaded", "type": "upstream_error"}
            return web.json_response({"error": error}, status=502)
        return completion(_judged(body) if request.path.startswith("/judge/") else answer(body))

    return serving(handle)


def _judged(body: Mapping[str, Any]) -> str:
    """Return what the judge says; to one in five of the choices that it shall read nothing that can be read."""
    text = text_of(body)
    unclear = "several options" in text and luck(text) % 5 == 0
    return "I cannot say." if unclear else verdict(body)


def _kill_in_the_middle(process: subprocess.Popen[bytes], root: Path) -> None:
    events = root / "job" / "output" / "events.jsonl"
    while '"dataset": "MMStar", "done": 1' not in (events.read_text() if events.exists() else ""):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
