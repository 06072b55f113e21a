"""Servers in images that their projects publish: what evaldock adds to one, with a stand-in for base and server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.harness import Ran
from tests.fakes.checkout import Checkout, make_checkout
from tests.integration.endings.conftest import _base, _require_docker

pytestmark = pytest.mark.container
STAND_IN = Path(__file__).parents[2] / "fakes" / "published_server"
TAG = "evaldock-test/published-server:1"  # never a project's own: that one may be on this machine


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a checkout whose published images stand on the stand-in."""
    _require_docker()
    base = os.environ.get("EVALDOCK_BASE_IMAGE") or _base() or "python:3.11-slim-bookworm"
    command = ["docker", "build", "-q", "-t", TAG, "--build-arg", f"BASE={base}", str(STAND_IN)]
    subprocess.run(command, check=True, capture_output=True)
    made = make_checkout(tmp_path_factory.mktemp("checkout"))
    for name in ("vllm", "sglang", "llamacpp"):
        recipe = made.root / "images" / name / "image.yaml"
        facts = {**yaml.safe_load(recipe.read_text()), "base": TAG}
        recipe.write_text(yaml.safe_dump(facts))
    return made


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    cache = tmp_path_factory.mktemp("cache")
    with tempfile.TemporaryDirectory(prefix="ed-") as sockets:
        places = {"EVALDOCK_CACHE": str(cache), "EVALDOCK_STATE": str(cache / "state"), "XDG_RUNTIME_DIR": sockets}
        yield {**places, "EVALDOCK_BASE_IMAGE": os.environ.get("EVALDOCK_BASE_IMAGE") or _base()}


@pytest.fixture(scope="module")
def ran(checkout: Checkout, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Return one run that asks all three, vLLM with an adapter of a high rank; the engine is left to evaldock."""
    folder = tmp_path_factory.mktemp("published")
    for name, files in {
        "model": {"config.json": "{}", "model.safetensors": "weights"},
        "gguf": {"q.gguf": "weights"},
        "lora": {"adapter_config.json": '{"r": 64}', "adapter_model.safetensors": "weights"},
    }.items():
        (folder / name).mkdir()
        for file, text in files.items():
            (folder / name / file).write_text(text)
    folder.chmod(0o755)
    models = {
        "tuned": {"checkpoint": "./model", "serve": {"engine": "vllm", "adapters": ["./lora"]}},
        "plain": {"checkpoint": "./model", "serve": {"engine": "sglang", "args": ["--dtype", "half"]}},
        "small": {"checkpoint": "./gguf/q.gguf", "serve": {"engine": "llamacpp"}},
    }
    evaluation = {"backend": "echo", "datasets": [{"name": "echo", "options": {"n": 2}}]}
    task = {"version": 1, "name": "published", "models": models, "evaluations": [evaluation]}
    (folder / "task.yaml").write_text(yaml.safe_dump(task))
    return checkout.evaldock(folder, "run", "task.yaml", **environment)


def told(ran: Ran, name: str) -> dict[str, Any]:
    """Return what a server was started with."""
    line = (ran.folder / "servers" / name / "log.txt").read_text().splitlines()[0]
    found: dict[str, Any] = json.loads(line)
    return found


def test_each_answers_by_the_models_name_through_the_socket_of_its_container(ran: Ran) -> None:
    assert ran.code == 0, ran.err
    assert [job["state"] for job in ran.report["jobs"]] == ["succeeded"] * 3
    assert {server["environment"]["engine"] for server in ran.report["servers"]} == {"docker"}


def test_vllm_is_told_of_the_adapter_by_the_models_name_and_of_its_rank(ran: Ran) -> None:
    argv = " ".join(told(ran, "tuned")["argv"])

    assert argv.startswith("serve /models/tuned --served-model-name tuned-base --host 127.0.0.1 --port ")
    assert argv.endswith("--enable-lora --lora-modules tuned=/adapters/0 --max-lora-rank 64")


def test_the_users_arguments_come_last(ran: Ran) -> None:
    assert told(ran, "plain")["argv"][-2:] == ["--dtype", "half"]


def test_llamacpp_is_given_the_file_itself(ran: Ran) -> None:
    assert told(ran, "small")["argv"][:2] == ["--model", "/models/small"]


def test_who_has_no_entry_in_the_images_list_of_users_has_a_name_and_a_home_to_write_in(ran: Ran) -> None:
    found = told(ran, "tuned")

    assert found["user"] != 0
    assert (found["environment"]["USER"], found["environment"]["HOME"]) == ("evaldock", "/home/evaldock")
    assert found["environment"]["VLLM_HOST_IP"] == "127.0.0.1"


def test_without_a_container_engine_it_is_said_plainly(
    checkout: Checkout, environment: dict[str, str], tmp_path: Path
) -> None:
    shutil.copytree(checkout.root / "configs" / "bundled" / "model", tmp_path / "model")

    ran = checkout.evaldock(tmp_path, "serve", "model", "--server", "vllm", "--engine", "venv", **environment)

    assert ran.code == 3
    assert "environment 'vllm': it comes as a container image alone" in ran.err
