"""A newcomer's first hour, from a wheel: a first task, one's own questions, a report, trouble, and a tidy end."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.harness import ROOT, Ran, evaldock

pytestmark = [pytest.mark.e2e]
QUESTIONS = 40


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Install the wheel into an environment of its own and return its `evaldock`."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT], check=True)
    (wheel,) = folder.glob("evaldock-*.whl")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    subprocess.run([folder / "venv" / "bin" / "pip", "install", "-q", wheel], check=True)
    return str(folder / "venv" / "bin" / "evaldock")


def write_questions(path: Path) -> None:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["question", "answer"])
        rows.writerows([f"What is {number} + {number}?", 2 * number] for number in range(QUESTIONS))


@contextmanager
def server(command: str, folder: Path, *arguments: str) -> Iterator[str]:
    with subprocess.Popen(
        [command, "mock-server", "--port", "0", *arguments], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:  # else whoever fails in the block waits for it in vain
            process.send_signal(signal.SIGINT)


def test_the_first_hour(tmp_path: Path, native_python: str, command: str) -> None:
    def run(*arguments: str) -> Ran:
        return evaldock(tmp_path, *arguments, command=command)

    def counts(code: int, *flags: str) -> dict[str, int]:
        ran = run("run", "first.yaml", "--engine", "venv", *flags)
        assert ran.code == code, ran.err
        assert "report.html" in ran.out
        shown = run("report", "--json")
        (job,) = json.loads(shown.out)["jobs"]
        found: dict[str, int] = job["results"][0]["counts"]
        return found

    write_questions(tmp_path / "mine.csv")
    flags = ("--endpoint", "http://127.0.0.1:1/v1", "--model", "mock", "--datasets", "general_qa=mine.csv")
    assert run("init", "first.yaml", *flags).code == 0
    assert run("init", "first.yaml", *flags).code == 2  # it is there already

    nobody = run("plan", "first.yaml")
    assert nobody.code == 3
    assert "refused the connection" in nobody.out
    assert not nobody.runs.exists()

    task = tmp_path / "first.yaml"
    with server(command, tmp_path, "--gold", "first.yaml", "--error-rate", "0.25") as url:
        task.write_text(task.read_text().replace("http://127.0.0.1:1/v1", url))
        assert run("doctor", "first.yaml", "--engine", "venv").code == 0
        assert counts(0)["scored"] == QUESTIONS
    assert "75.0 %" in run("report").out
    assert "exact_match" in run("export", "--to", "csv").out

    with server(command, tmp_path, "--gold", "first.yaml", "--fault", "500", "--fault-rate", "0.3") as again:
        task.write_text(task.read_text().replace(url, again))
        broken = counts(1, "--set", "models.mock.retry.attempts=1")
        patience = ("--set", "models.mock.retry.attempts=20", "--set", "models.mock.retry.first_wait=0.05")
        resumed = run("resume", *patience)
    assert resumed.code == 0, resumed.err
    assert f"{QUESTIONS}/{QUESTIONS}" in resumed.out
    assert f"{broken['scored']} (" in resumed.out  # from the cache
    assert 0 < broken["infra_error"] < QUESTIONS
    assert broken["scored"] + broken["infra_error"] == QUESTIONS

    task.write_text(task.read_text().replace("general_qa", "general_qq"))
    mistyped = run("run", "first.yaml")
    assert (mistyped.code, "did you mean" in mistyped.err) == (2, True)

    assert run("list", "runs").out.count("-first-") == 2
    assert run("clean", "runs", "--keep", "1", "--yes").code == 0
    assert len(list((tmp_path / "runs").iterdir())) == 1
