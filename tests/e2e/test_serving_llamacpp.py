"""llama.cpp serves the bundled checkpoint as a GGUF: where the base of its image is here, which is many gigabytes."""

from __future__ import annotations

import subprocess

import pytest

from hub.images import load_image
from hub.settings import load_settings
from tests.e2e.harness import DATA, ROOT, Ran, evaldock
from tests.e2e.test_serving import predictions
from tests.fakes.gguf import make_gguf

pytestmark = pytest.mark.e2e
TASK = """
version: 1
name: llamacpp
models:
  loaded: {{checkpoint: '{root}/configs/bundled/model', dtype: float32}}
  served: {{checkpoint: ./gguf/q.gguf, serve: &serve {{engine: llamacpp, gpus: 0, memory: 4g}}}}
  crowded: {{checkpoint: ./gguf, serve: {{<<: *serve, args: [--parallel, 4, --ctx-size, 4096]}}}}
  short: {{checkpoint: ./gguf, serve: {{<<: *serve, args: [--ctx-size, 256]}}}}
evaluations:
  - backend: native
    models: [loaded, served, crowded]
    datasets: [&words {{name: gsm8k, path: '{words}', few_shot: 2}}]
  - {{backend: native, models: [short], datasets: [{{<<: *words, few_shot: 4}}]}}
limit: 20
generation: {{temperature: 0, max_tokens: 64}}
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    base = load_image("llamacpp", load_settings()).base
    if subprocess.run(["docker", "image", "inspect", base], capture_output=True).returncode:
        pytest.skip(f"{base} is not on this machine")
    folder = tmp_path_factory.mktemp("llamacpp")
    folder.chmod(0o755)
    (folder / "gguf").mkdir()
    make_gguf(ROOT / "configs" / "bundled" / "model", folder / "gguf" / "q.gguf")
    (folder / "task.yaml").write_text(TASK.format(root=ROOT, words=DATA / "word_problems"))
    return evaldock(folder, "run", "task.yaml", "--engine", "docker", timeout_s=1800)


def answers(ran: Ran, model: str) -> dict[tuple[str, str, str], str]:
    (job,) = (job for job in ran.report["jobs"] if job["model"] == model)
    return predictions(ran.folder / "jobs" / job["id"])


@pytest.mark.parametrize("served", ["served", "crowded"])
def test_its_answers_are_those_of_the_weights_in_a_job(ran: Ran, served: str) -> None:
    loaded = answers(ran, "loaded")

    assert len(loaded) == 20, ran.err
    assert answers(ran, served) == loaded


def test_prompts_that_do_not_fit_are_no_samples(ran: Ran) -> None:
    (job,) = (job for job in ran.report["jobs"] if job["model"] == "short")

    assert job["state"] == "failed"
    assert "exceeds the available context size (256 tokens)" in job["reason"]
