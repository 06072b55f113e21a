"""Runs whose models are served by evaldock itself, through each engine, with servers that misbehave as told."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.harness import Ran
from tests.fakes.checkout import Checkout, make_checkout
from tests.integration.endings.conftest import ENGINES, _base, _require_docker

SERVER = Path(__file__).parents[2] / "fakes" / "model_server"


@dataclass(frozen=True)
class Stage:
    """One engine and one checkout, in which a fake stands for the transformers server and for SWIFT."""

    engine: str
    checkout: Checkout
    environment: dict[str, str]

    def task(self, folder: Path, *args: str, n: int = 6, **more: Any) -> Path:
        """Write a task: one model, served with `args`, and two jobs that ask it."""
        (folder / "model").mkdir(parents=True, exist_ok=True)
        (folder / "model" / "config.json").write_text("{}")
        (folder / "model" / "model.safetensors").write_text("weights")
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        model = {"checkpoint": "./model", "serve": {"engine": "transformers", "args": list(args)}, "concurrency": 1}
        evaluation = {"backend": "echo", "datasets": [{"name": "echo", "options": {"n": n}}]}
        plain = {"version": 1, "name": "served", "models": {"m": model}, "evaluations": [evaluation, evaluation]}
        path = folder / "task.yaml"
        path.write_text(yaml.safe_dump({**plain, **more}))
        return path

    def run(self, folder: Path, *args: str, n: int = 6, **more: Any) -> Ran:
        """Run such a task to its end."""
        task = self.task(folder, *args, n=n, **more)
        return self.checkout.evaldock(folder, "run", str(task), "--engine", self.engine, **self.environment)


@pytest.fixture(scope="session")
def served_checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    checkout = make_checkout(tmp_path_factory.mktemp("checkout"))
    for image, place in (("native", "native/server"), ("swift", "swift")):
        shutil.rmtree(checkout.root / "images" / image)
        shutil.copytree(checkout.root / "images" / "echo", checkout.root / "images" / image)
        shutil.rmtree(checkout.root / "adapters" / place, ignore_errors=True)
        shutil.copytree(SERVER, checkout.root / "adapters" / place)
    return checkout


@pytest.fixture(scope="session")
def served_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module", params=ENGINES)
def stage(request: pytest.FixtureRequest, served_checkout: Checkout, served_cache: Path) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="ed-") as sockets:
        places = {"EVALDOCK_CACHE": str(served_cache), "EVALDOCK_STATE": str(served_cache / "state")}
        environment = {**places, "XDG_RUNTIME_DIR": sockets}
        if request.param == "docker":
            _require_docker()
            environment["EVALDOCK_BASE_IMAGE"] = os.environ.get("EVALDOCK_BASE_IMAGE") or _base()
        yield Stage(request.param, served_checkout, environment)
