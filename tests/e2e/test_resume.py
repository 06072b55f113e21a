"""A checkpoint's run that is killed and resumed: what was computed is not computed again. Part of `make test`."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import EVALDOCK, Ran, evaldock

pytestmark = pytest.mark.native_env
FLAGS = ("quickstart", "--engine", "venv", "--limit", "60")


def answers(ran: Ran) -> dict[tuple[str, str], str]:
    """Return every sample's prediction by data set and id."""
    lines = (ran.folder / "jobs" / "1-bundled-native" / "samples.jsonl").read_text().splitlines()
    samples = [json.loads(line) for line in lines]
    return {(sample["dataset"], sample["id"]): sample["prediction"] for sample in samples}


def usage(ran: Ran) -> dict[str, Any]:
    (found,) = ran.report["jobs"][0]["usage"]
    return dict(found)


def test_a_killed_run_goes_on_where_it_was_and_ends_as_if_nothing_had_been(
    tmp_path: Path, native_python: str
) -> None:
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    whole = evaldock(tmp_path / "whole", "run", *FLAGS)
    command = [EVALDOCK, "run", *FLAGS, "--quiet"]
    with subprocess.Popen(command, cwd=tmp_path / "killed", stdout=subprocess.DEVNULL) as hub:
        events = tmp_path / "killed" / "runs"
        while hub.poll() is None and not any(
            '"questions", "done": ' in path.read_text() for path in events.glob("*/e*")
        ):
            time.sleep(0.05)
        hub.kill()

    resumed = evaldock(tmp_path / "killed", "resume")

    assert (whole.code, resumed.code) == (0, 0), whole.err + resumed.err
    assert resumed.scores() == whole.scores()
    assert answers(resumed) == answers(whole)
    assert resumed.report["jobs"][0]["starts"] == 2
    assert usage(resumed)["cached"] >= 60
    assert usage(resumed)["requests"] - usage(whole)["requests"] <= 60  # those of the batch that was at work
