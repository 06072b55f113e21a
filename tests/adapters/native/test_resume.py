"""A job of the bundled model, killed at random and started again, ends as one that never was."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hub.adapter import DatasetRequest
from hub.ledger import RUNNER_FILE, LedgerRow, read_runner_rows
from tests.adapters.native.native_task import WEIGHTS, evaluation, request
from tests.adapters.native.test_native_env import BUNDLED, ROOT
from tests.adapters.native.test_run import Job

pytestmark = [
    pytest.mark.native_env,
    pytest.mark.skipif(not (BUNDLED / "model" / "config.json").is_file(), reason="the bundled model is not there"),
]
SHORT = {"max_tokens": 16}
DATASETS = (
    request("general_mcq", label="choice", path=BUNDLED / "data" / "mcq.jsonl", scoring="choice"),
    request("general_mcq", label="continuation", path=BUNDLED / "data" / "mcq.jsonl", scoring="continuation"),
    request("general_qa", label="greedy", path=BUNDLED / "data" / "qa.jsonl", generation=SHORT),
    request(
        "general_qa", label="drawn", path=BUNDLED / "data" / "qa.jsonl", generation={**SHORT, "temperature": 1.0}
    ),
)
SAMPLES = 800


class Resumable:
    """A job's tree, and its starts: each but the first finds what the last one left."""

    def __init__(self, root: Path, python: str, *datasets: DatasetRequest, workers: int = 1) -> None:
        options = {"batch_tokens": 256, "workers": workers}
        self.job = Job(root, evaluation(*datasets, model=WEIGHTS, options=options))
        self.rows: list[LedgerRow] = []
        self.starts = 0
        (root / "models").mkdir()
        (root / "models" / "m").symlink_to(BUNDLED / "model")
        variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
        self._env = {**variables, "EVALDOCK_ROOT": str(root)}
        self._argv = [python, "-m", "adapters.native.runner"]

    def start(self, *, kill_after: int | None = None) -> int:
        """Run to the end, or kill -9 once so many rows of the account were written; return the exit code."""
        self.starts += 1
        with subprocess.Popen(self._argv, env=self._env, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None:
                if kill_after is not None and self._written() >= kill_after:
                    process.kill()
                time.sleep(0.002)
        self.rows += read_runner_rows(self.job.output, self.starts)
        return process.returncode

    def shelve(self) -> None:
        """Move the output away, as the hub does before the next start."""
        previous = self.job.output.with_name("previous")
        shutil.rmtree(previous, ignore_errors=True)
        self.job.output.rename(previous)
        self.job.output.mkdir()

    def _written(self) -> int:
        file = self.job.output / RUNNER_FILE
        return file.read_bytes().count(b"\n") if file.exists() else 0

    @property
    def scores(self) -> Any:
        return json.loads((self.job.output / "summary.json").read_text("utf-8"))["datasets"]

    @property
    def samples(self) -> dict[tuple[str, str], dict[str, Any]]:
        dumped = [sample.model_dump(exclude={"latency_s"}) for sample in self.job.normalized().samples]
        assert len({(sample["dataset"], sample["id"]) for sample in dumped}) == len(dumped)
        return {(sample["dataset"], sample["id"]): sample for sample in dumped}


@pytest.fixture(scope="module")
def whole(native_python: str, tmp_path_factory: pytest.TempPathFactory) -> Resumable:
    run = Resumable(tmp_path_factory.mktemp("whole"), native_python, *DATASETS)
    assert run.start() == 0
    return run


def test_an_uninterrupted_job_accounts_for_every_sample(whole: Resumable) -> None:
    assert Counter(row.cached for row in whole.rows) == {False: SAMPLES}
    assert all(row.outcome == "ok" and row.latency_ms > 0 and row.tokens_in for row in whole.rows)
    assert {row.dataset: row.operation for row in whole.rows} == {
        "choice": "likelihood",
        "continuation": "likelihood",
        "greedy": "chat/completions",
        "drawn": "chat/completions",
    }


@pytest.mark.parametrize("seed", range(2))
def test_a_killed_job_goes_on_where_it_was(native_python: str, tmp_path: Path, whole: Resumable, seed: int) -> None:
    kills = sorted(random.Random(seed).sample(range(1, SAMPLES), 2))
    run = Resumable(tmp_path / "job", native_python, *DATASETS)
    for kill in kills:
        assert run.start(kill_after=kill) == -9, f"kills: {kills}"
        run.shelve()

    assert run.start() == 0

    assert json.dumps(run.scores) == json.dumps(whole.scores)
    assert run.samples == whole.samples
    computed = Counter((row.dataset, row.sample) for row in run.rows if not row.cached)
    # A kill between the outcome and its row loses the row, never the outcome.
    assert max(computed.values()) == 1
    assert SAMPLES - len(kills) <= len(computed) <= SAMPLES
    assert Counter(row.cached for row in run.rows if row.session == run.starts)[True] >= max(kills)


def test_a_job_that_had_ended_is_not_computed_again(native_python: str, tmp_path: Path) -> None:
    run = Resumable(tmp_path / "job", native_python, *DATASETS[:1])
    run.start()
    before = run.samples
    run.shelve()

    assert run.start() == 0

    assert run.samples == before
    assert Counter((row.session, row.cached) for row in run.rows) == {(1, False): 200, (2, True): 200}


def test_two_workers_score_what_one_does_though_they_were_killed(
    native_python: str, tmp_path: Path, whole: Resumable
) -> None:
    run = Resumable(tmp_path / "job", native_python, *DATASETS, workers=2)
    assert run.start(kill_after=SAMPLES // 2) == -9
    run.shelve()

    assert run.start() == 0

    assert run.samples == whole.samples
    assert json.dumps(run.scores) == json.dumps(whole.scores)
    assert {row.dataset for row in run.rows if row.cached} >= {"choice", "continuation"}
    told = json.loads((run.job.output / "summary.json").read_text("utf-8"))["model"]
    assert (told["workers"], told["device"]) == ("2", "cpu")
