"""compose.yaml as a user runs it: a clean copy of the checkout that belongs to somebody, `up`, and `down`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from hub.settings import load_settings
from tests.e2e.harness import ROOT

pytestmark = pytest.mark.e2e
OWNER = 4711
Compose = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of what git knows of this checkout, owned by somebody who is not root."""
    copy = tmp_path / "evaldock"
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    bundle = os.environ.get("PIP_CERT")
    if bundle:  # as images/hub/ca/README.md says
        shutil.copy(bundle, copy / "images" / "hub" / "ca" / "ca.pem")
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    for path in (copy, *copy.rglob("*")):
        os.chown(path, OWNER, OWNER)
    return copy


@pytest.fixture
def compose(checkout: Path, tmp_path: Path) -> Iterator[Compose]:
    files = [checkout / "compose.yaml", _wheels(tmp_path)]
    command = [*_program(), *(word for file in files for word in ("-f", str(file)))]

    def run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
        given = {**os.environ, "PWD": str(checkout), **env}
        return subprocess.run(
            [*command, *words], cwd=checkout, env=given, capture_output=True, text=True, timeout=900
        )

    yield run
    run("down")


def _program() -> list[str]:
    """Return Compose as it is installed: v2, a plugin of docker, or v1, a program."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True)
    return ["docker", "compose"] if plugin.returncode == 0 else ["docker-compose"]


def _wheels(folder: Path) -> Path:
    """Write an override that shows the hub where this machine keeps wheels, if it does: images are made from them."""
    wheels = load_settings().wheel_dir
    hub = {"volumes": [f"{wheels}:{wheels}:ro"], "environment": {"EVALDOCK_WHEELS": str(wheels)}} if wheels else {}
    file = folder / "wheels.yaml"
    file.write_text(yaml.safe_dump({"services": {"hub": {**hub, "init": True}}}))
    return file


@contextmanager
def _nothing_left(project: str) -> Iterator[None]:
    """Claim that afterwards there is no container and no network that was not there before."""
    before = _things()
    yield
    assert _things() - before == set(), f"{project} left something behind"


def _things() -> set[str]:
    containers = ["docker", "ps", "-aq", "--filter", "label=com.docker.compose.project=evaldock"]
    listed = (containers, ["docker", "network", "ls", "-q"])
    return {line for each in listed for line in subprocess.run(each, capture_output=True, text=True).stdout.split()}


def test_up_runs_the_task_in_sibling_containers_and_leaves_only_the_report(checkout: Path, compose: Compose) -> None:
    with _nothing_left("evaldock"):
        up = compose("up", "--exit-code-from", "hub")
        down = compose("down")

    assert up.returncode == 0, up.stdout + up.stderr
    assert down.returncode == 0, down.stderr
    (run,) = (checkout / "runs").iterdir()
    report = json.loads((run / "report.json").read_text())
    assert (report["state"], report["engine"]) == ("succeeded", "docker")
    assert {job["isolation"] for job in report["jobs"]} == {"container"}
    assert {path.stat().st_uid for path in (run, *run.rglob("*"))} == {OWNER}
    assert _siblings(checkout) == ""


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("evaluations: [{backend: natvie, datasets: [arc]}]\n", 2, "did you mean 'native'"),
        ("{quickstart}resources: {{timeout: 1s}}\n", 1, "stopped after its time-out of 1"),
    ],
    ids=["a bad task", "a failing task"],
)
def test_up_ends_with_the_exit_code_of_the_task(
    checkout: Path, compose: Compose, text: str, code: int, words: str
) -> None:
    quickstart = (checkout / "configs" / "quickstart.yaml").read_text()
    task = checkout / "configs" / "mine.yaml"
    task.write_text(text.format(quickstart=quickstart) if code == 1 else f"version: 1\nname: bad\n{text}")

    up = compose("up", "--exit-code-from", "hub", TASK="configs/mine.yaml")

    assert up.returncode == code, up.stdout + up.stderr
    assert words in up.stdout + up.stderr
    assert _siblings(checkout) == ""


def _siblings(checkout: Path) -> str:
    """Return the containers whose run is in this checkout."""
    labels = subprocess.run(
        ["docker", "ps", "-a", "--format", "{{.ID}} {{.Labels}}"], capture_output=True, text=True, check=True
    ).stdout
    return "\n".join(line for line in labels.splitlines() if str(checkout) in line and "compose.project" not in line)
