"""configs/all-backends.yaml as `make demo-all` runs it: two bundled models served, four real backends, one report."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.harness import ROOT, evaldock

pytestmark = pytest.mark.e2e
BACKENDS = {"native", "opencompass", "vlmevalkit", "toolbench"}


def test_one_task_runs_on_all_four_backends_and_ends_in_one_report(tmp_path: Path) -> None:
    ran = evaldock(tmp_path, "run", str(ROOT / "configs" / "all-backends.yaml"), "--engine", "docker", timeout_s=1800)

    assert ran.code == 0, ran.err
    jobs = {job["backend"]: job for job in ran.report["jobs"]}
    assert {name: job["state"] for name, job in jobs.items()} == dict.fromkeys(BACKENDS, "succeeded")
    assert {job["isolation"] for job in jobs.values()} == {"container"}
    assert {job["via"] for job in jobs.values()} == {"endpoint"}
    servers = {server["name"]: server["starts"] for server in ran.report["servers"]}
    assert servers == {"bundled": 1, "bundled-vision": 1}
    scores = ran.scores()
    assert scores["arc"]["accuracy"] > 0.9  # chance is 0.25
    assert scores["ARC_c"]["accuracy"] > 0.8
    assert _first(jobs["vlmevalkit"]) > 0.9
    (agreed,) = ran.report["agreements"]
    assert (agreed["benchmark"], agreed["matched"]) == ("arc", 40)
    shown = (ran.folder / "report.md").read_text()
    assert all(f"| {name} |" in shown for name in BACKENDS)


def _first(job: dict[str, object]) -> float:
    """Return the headline of a job's first result."""
    (result, *_) = job["results"]  # type: ignore[misc]
    return float(result["metrics"][0]["value"])
