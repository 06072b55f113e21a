"""Eval-Scope's ways in, for real: flags and a task_cfg through the venv engine, in threads and event loops."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.harness import DATA, ROOT, evaldock

pytestmark = pytest.mark.native_env
MODEL = ROOT / "configs" / "bundled" / "model"
EXPECTED = json.loads((DATA / "expected_scores.json").read_text())
PROGRAM = """
import asyncio, json, sys, threading
from hub import run_task, to_seed_reports
cfg = json.loads(sys.argv[1])
found = []
thread = threading.Thread(target=lambda: found.append(run_task(cfg, engine="venv")))
thread.start()
thread.join()
async def cell():
    return run_task(cfg, engine="venv")
found.append(asyncio.run(cell()))
print(json.dumps([to_seed_reports(report) for report in found]))
"""


def test_flags_score_what_the_quickstart_scores(tmp_path: Path, native_python: str) -> None:
    arguments = json.dumps({"general_mcq": {"local_path": str(DATA / "mcq.jsonl")}})
    flags = ("--model", str(MODEL), "--datasets", "general_mcq", "--dataset-args", arguments, "--engine", "venv")

    ran = evaldock(tmp_path, "eval", *flags)

    assert ran.code == 0, ran.err
    assert ran.scores()["general_mcq"]["accuracy"] == pytest.approx(EXPECTED["mcq"]["accuracy"], abs=1e-9)


def test_a_task_cfg_runs_in_a_thread_and_under_an_event_loop(tmp_path: Path, native_python: str) -> None:
    data = {"general_qa": {"local_path": str(DATA / "qa.jsonl")}}
    cfg = {"model": str(MODEL), "datasets": ["general_qa"], "dataset_args": data, "limit": 5}

    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(cfg)], cwd=tmp_path, capture_output=True, text=True, timeout=600
    )

    assert ran.returncode == 0, ran.stderr
    threaded, looped = json.loads(ran.stdout)
    assert threaded == looped
    assert threaded["general_qa"]["total_num"] == 5
    assert set(threaded["general_qa"]["score"]) >= {"exact_match", "rouge_l", "bleu"}
