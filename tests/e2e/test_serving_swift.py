"""SWIFT serves the bundled checkpoints: its answers are those of the weights in a job, or of our own server."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from hub.engine.venv.build import environment_folder
from hub.engine.venv.engine import VenvEngine
from hub.images import load_image
from hub.settings import load_settings
from tests.e2e.harness import DATA, HANGS_S, ROOT, Ran, evaldock
from tests.e2e.test_serving import predictions
from tests.fakes.lora import make_lora

pytestmark = pytest.mark.e2e
TASK = """
version: 1
name: swift
models:
  loaded: &weights {{checkpoint: '{root}/configs/bundled/model', dtype: float32}}
  served: {{<<: *weights, serve: {{engine: swift}}}}
  advised: &advised {{checkpoint: ./advised, dtype: float32}}
  tuned: {{<<: *advised, serve: {{engine: swift, adapters: [./lora]}}}}
evaluations:
  - backend: native
    models: [loaded, served, tuned]
    datasets: [&words {{name: gsm8k, path: '{words}', few_shot: 2}}]
  - {{backend: native, models: [advised], options: {{adapter: ./lora}}, datasets: [*words]}}
  - backend: opencompass
    models: [loaded, served]
    datasets: [{{name: ARC_c, path: '{root}/configs/all-backends'}}]
limit: 8
generation: {{temperature: 0, max_tokens: 64}}
"""

# What no server of ours heeds, nor Native; SWIFT would, with temperature 0, too.
RECOMMENDED = {"do_sample": True, "temperature": 0.7, "top_k": 20, "repetition_penalty": 1.5, "eos_token_id": 2}


@pytest.fixture(scope="module", params=["venv", "docker"])
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Return one run; what it takes to build is kept, and built again only where image or adapter changed."""
    folder = tmp_path_factory.mktemp("swift")
    make_lora(folder / "lora")
    shutil.copytree(ROOT / "configs" / "bundled" / "model", folder / "advised")
    (folder / "advised" / "generation_config.json").write_text(json.dumps(RECOMMENDED))
    (folder / "task.yaml").write_text(TASK.format(root=ROOT, words=DATA / "word_problems"))
    found = evaldock(folder, "run", "task.yaml", "--engine", request.param, timeout_s=1800)
    assert found.code == 0, found.err
    return found


def answers(ran: Ran) -> list[list[str]]:
    """Return what the model said in each job, in the order of the data."""
    said = (predictions(ran.folder / "jobs" / job["id"]) for job in ran.report["jobs"])
    return [[text for _, text in sorted(job.items())] for job in said]


def test_native_gets_the_answers_of_the_weights_in_a_job(ran: Ran) -> None:
    loaded, served, *_ = answers(ran)

    assert served == loaded


def test_opencompass_gets_the_answers_and_the_score_of_the_weights_in_a_job(ran: Ran) -> None:
    *_, loaded, served = answers(ran)
    first, second = ([metric["value"] for metric in job["results"][0]["metrics"]] for job in ran.report["jobs"][-2:])

    assert served == loaded
    assert first == second


def test_a_lora_adapter_changes_the_answers_as_it_does_in_a_job_and_recommended_sampling_does_not(ran: Ran) -> None:
    plain, _, tuned, in_job, *_ = answers(ran)

    assert tuned == in_job != plain


def test_each_server_was_started_once_and_stopped(ran: Ran) -> None:
    found = [(server["name"], server["starts"], server["state"]) for server in ran.report["servers"]]

    assert found == [("served", 1, "stopped"), ("tuned", 1, "stopped")]


SEEING = """
version: 1
name: seeing
models:
  ours: &weights
    checkpoint: '{root}/configs/bundled/vision-model'
    dtype: float32
    modality: vision
    serve: {{engine: transformers}}
  swift: {{<<: *weights, serve: {{engine: swift, args: [--model_type, llava1_5_hf]}}}}
  qwen: &qwen {{<<: *weights, checkpoint: ./qwen}}
  qwen_swift: {{<<: *qwen, serve: {{engine: swift}}}}
evaluations:
  - backend: vlmevalkit
    datasets: [{{name: custom_mcq, alias: pictures, path: '{root}/configs/all-backends/pictures.tsv'}}]
generation: {{temperature: 0, max_tokens: 16}}
"""


def test_models_that_see_answer_vlmevalkit_as_through_our_server(tmp_path: Path) -> None:
    make_qwen(tmp_path / "qwen")
    (tmp_path / "task.yaml").write_text(SEEING.format(root=ROOT))

    ran = evaldock(tmp_path, "run", "task.yaml", "--engine", "venv", timeout_s=1800)

    assert ran.code == 0, ran.err
    ours, swift, qwen, qwen_swift = (predictions(ran.folder / "jobs" / job["id"]) for job in ran.report["jobs"])
    scores = [job["results"][0]["metrics"][0]["value"] for job in ran.report["jobs"]]
    assert swift == ours
    assert qwen_swift == qwen
    assert len(set(qwen.values())) > 1  # it answers what it is asked, though it has learnt nothing
    assert scores[0] == scores[1]
    assert scores[0] > 0.9  # chance is 0.25


def make_qwen(folder: Path) -> None:
    """Write a Qwen2.5-VL of random weights."""
    settings = load_settings()
    native = load_image("native", settings)
    VenvEngine(settings).prepare(native, print)
    python = environment_folder(native, settings) / "bin" / "python"
    subprocess.run([python, ROOT / "tests" / "e2e" / "tiny_qwen_vl.py", folder], check=True, timeout=HANGS_S)
