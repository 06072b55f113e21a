"""evaldock as others get it: a wheel in a bare environment, and a fresh clone with its two commands."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.harness import ROOT, evaldock

pytestmark = [pytest.mark.e2e]
SIZE_LIMIT_MB = 80


def test_a_wheel_carries_all_that_a_run_needs(tmp_path: Path, native_python: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("evaldock-*.whl")
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    bare = sum(path.stat().st_size for path in venv.rglob("*") if path.is_file())
    subprocess.run([venv / "bin" / "pip", "install", "-q", wheel], check=True)
    size = sum(path.stat().st_size for path in venv.rglob("*") if path.is_file()) - bare
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    ran = evaldock(
        elsewhere, "run", "configs/quickstart.yaml", "--engine", "venv", command=str(venv / "bin" / "evaldock")
    )

    assert ran.code == 0, ran.err
    assert "<table" in (ran.folder / "report.html").read_text()
    assert size < SIZE_LIMIT_MB * 1e6


@pytest.mark.parametrize("docker", [True, False], ids=["with-docker", "without-docker"])
def test_make_demo_in_a_fresh_clone_ends_in_a_report(
    tmp_path: Path, docker: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not docker:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/absent.sock")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)

    answer = subprocess.run(["make", "demo"], cwd=clone, capture_output=True, text=True, timeout=900)

    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "report.json" in answer.stdout
    assert f"engine: {'docker' if docker else 'venv'}" in answer.stdout
