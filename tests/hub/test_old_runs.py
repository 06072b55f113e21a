"""What an older evaldock wrote is still read: one run of each schema version (tests/fixtures/runs)."""

import json
from pathlib import Path

import pytest

from tests.hub.test_cli import code_of

VERSIONS = sorted(path for path in (Path(__file__).parents[1] / "fixtures" / "runs").iterdir() if path.is_dir())


@pytest.fixture(params=VERSIONS, ids=lambda path: path.name)
def runs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVALDOCK_RUNS", str(request.param))
    found: Path = request.param
    return found


def test_its_state_and_its_jobs_are_shown(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("status") == 0
    shown = capsys.readouterr().out
    assert code_of("status", "--json") == 0
    record = json.loads(capsys.readouterr().out)

    assert "cancelled" in shown.splitlines()[0]
    assert "stopped by the user" in shown
    assert [job["state"] for job in record["jobs"]] == ["succeeded", "cancelled"]


def test_it_is_listed(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("list", "runs") == 0

    assert "-old-" in capsys.readouterr().out


def test_its_report_is_shown(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("report") == 0

    assert "100.0 %" in capsys.readouterr().out


def test_resume_says_that_it_cannot(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("resume") == 2

    assert "kept too little to resume it" in capsys.readouterr().err
