"""The gate: the hub imports nothing heavy, and --help imports next to nothing."""

import json
import subprocess
import sys

import pytest

HEAVY = {
    "torch",
    "transformers",
    "datasets",
    "modelscope",
    "numpy",
    "pandas",
    "pyarrow",
    "plotly",
    "opencompass",
    "vlmeval",
}
LATE = {"aiohttp", "docker", "rich", "pydantic", "jinja2", "yaml", "requests"}


def modules_after(code: str) -> set[str]:
    text = f"import sys, json\n{code}\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    answer = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    return set(json.loads(answer.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "module", ["hub", "hub.orchestrator", "hub.cli", "hub.engine.docker.engine", "hub.engine.venv.engine"]
)
def test_the_hub_imports_nothing_heavy(module: str) -> None:
    assert not modules_after(f"import {module}") & HEAVY


def test_every_adapters_host_half_is_light() -> None:
    code = "from hub.registry import *\nfor name in adapter_names(): load_adapter(name).datasets()"

    assert not modules_after(code) & HEAVY


def test_help_imports_only_click() -> None:
    assert not modules_after("from hub.cli import cli\ncli.main(['--help'], standalone_mode=False)") & (HEAVY | LATE)


def test_the_help_of_the_mock_server_imports_no_server() -> None:
    code = "from hub.cli import cli\ncli.main(['mock-server', '--help'], standalone_mode=False)"

    assert not modules_after(code) & (HEAVY | LATE)


def test_the_hub_itself_imports_neither_the_web_nor_the_docker_client() -> None:
    assert not modules_after("import hub.orchestrator") & {"aiohttp", "docker", "rich"}
