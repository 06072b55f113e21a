"""What needs torch, run inside the Native environment: exact likelihoods, batched generation, whole evaluations."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.native.native_task import WEIGHTS, evaluation, request, write_jsonl
from tests.adapters.native.test_run import Job

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = Path(__file__).parent / "torch_scripts"
BUNDLED = ROOT / "configs" / "bundled"

pytestmark = pytest.mark.native_env


def execute(python: str, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", **env}
    return subprocess.run([python, *argv], env=variables, capture_output=True, text=True, check=False)


def script(python: str, name: str, *argv: str) -> Any:
    done = execute(python, str(SCRIPTS / name), *argv)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout else None


@pytest.fixture(scope="module")
def tiny(native_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    script(native_python, "tiny_model.py", str(folder), "float16")
    return folder


def evaluate(python: str, root: Path, model: Path, *datasets: Any) -> tuple[int, Job, str]:
    job = Job(root, evaluation(*datasets, model=WEIGHTS))
    (root / "models").mkdir()
    (root / "models" / "m").symlink_to(model)
    done = execute(python, "-m", "adapters.native.runner", EVALDOCK_ROOT=str(root))
    return done.returncode, job, done.stderr


@pytest.mark.parametrize("batch_tokens", ["64", "4096"])
def test_batched_likelihoods_are_those_of_a_plain_computation(
    native_python: str, tiny: Path, batch_tokens: str
) -> None:
    answer = script(native_python, "likelihoods.py", str(tiny), batch_tokens)

    assert answer["facts"]["dtype"] == "float32"  # on disk it is float16
    for found, expected in zip(answer["found"], answer["expected"], strict=True):
        assert found == pytest.approx(expected, abs=1e-4)


def test_a_tokenizer_that_puts_a_token_in_front_is_obeyed(native_python: str, tmp_path: Path) -> None:
    script(native_python, "tiny_model.py", str(tmp_path), "float32", "bos")
    answer = script(native_python, "likelihoods.py", str(tmp_path), "512")

    for found, expected in zip(answer["found"], answer["expected"], strict=True):
        assert found == pytest.approx(expected, abs=1e-4)


def test_batched_answers_are_those_of_one_prompt_at_a_time(native_python: str, tiny: Path) -> None:
    answer = script(native_python, "generations.py", str(tiny))

    assert answer["found"] == answer["expected"]
    assert any(answer["found"])


def test_an_answer_ends_at_a_stop_text(native_python: str, tiny: Path) -> None:
    whole = script(native_python, "generations.py", str(tiny))["found"]
    stop = whole[0][3:5]

    stopped = script(native_python, "generations.py", str(tiny), stop)["found"]

    assert stopped == [text.split(stop)[0] for text in whole]


def test_every_way_of_scoring_runs(native_python: str, tiny: Path, tmp_path: Path) -> None:
    rows = [{"question": "An animal?", "choices": ["melon", "horse"], "answer": "B"}] * 5
    data = write_jsonl(tmp_path / "own.jsonl", rows)
    ways = ("choice", "continuation", "generate")
    datasets = [
        request("general_mcq", label=way, path=data, scoring=way, generation={"max_tokens": 4}) for way in ways
    ]

    code, job, log = evaluate(native_python, tmp_path / "job", tiny, *datasets)

    assert code == 0, log
    results = {result.dataset: result for result in job.normalized().results}
    assert [[metric.name for metric in results[way].metrics] for way in ways] == [
        ["accuracy"],
        ["accuracy", "acc_norm"],
        ["accuracy"],
    ]
    assert all(result.counts.complete for result in results.values())


def test_a_prompt_that_does_not_fit_is_the_model_s_error(native_python: str, tiny: Path, tmp_path: Path) -> None:
    rows = [{"question": "word " * 600, "answer": "x"}, {"question": "word", "answer": "x"}]
    data = write_jsonl(tmp_path / "qa.jsonl", rows)

    code, job, log = evaluate(native_python, tmp_path / "job", tiny, request("general_qa", path=data))

    assert code == 0, log
    (result,) = job.normalized().results
    assert (result.counts.model_error, result.counts.scored) == (1, 1)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [("config.json", "no config.json"), ("model.safetensors", "cannot be loaded"), ("tensor", "lacks 1 tensors")],
)
def test_a_broken_checkpoint_is_named_without_a_traceback(
    native_python: str, tiny: Path, tmp_path: Path, broken: str, reason: str
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    for file in tiny.iterdir():
        (model / file.name).write_bytes(file.read_bytes())
    if broken == "tensor":
        script(native_python, "drop_tensor.py", str(model / "model.safetensors"))
    else:
        (model / broken).unlink()
    data = write_jsonl(tmp_path / "qa.jsonl", [{"question": "q", "answer": "a"}])

    code, job, log = evaluate(native_python, tmp_path / "job", model, request("general_qa", path=data))

    assert code == 1
    assert reason in job.events()[-1]["reason"]
    assert reason in log.strip().splitlines()[-1]
    assert reason in job.normalized().results[0].absent


def test_parquet_is_read(native_python: str, tmp_path: Path) -> None:
    answer = script(native_python, "parquet.py", str(tmp_path))

    assert answer["first"] == {
        "question": "q0",
        "choices": {"text": ["x", "y"], "label": ["1", "2"]},
        "answerKey": "2",
    }
    assert (answer["count"], answer["place"], answer["gold"]) == (3, "test-0.parquet: row 3", "B")
    assert answer["error"].startswith("broken.parquet: not a readable parquet file")


@pytest.mark.skipif(not (BUNDLED / "model" / "config.json").is_file(), reason="the bundled model is not there")
def test_the_bundled_model_answers_the_bundled_data(native_python: str, tmp_path: Path) -> None:
    data = BUNDLED / "data"
    datasets = (
        request("general_mcq", label="mcq", path=data / "mcq.jsonl"),
        request("general_qa", label="qa", path=data / "qa.jsonl"),
        request("gsm8k", path=data / "word_problems", few_shot=0),
    )

    code, job, log = evaluate(native_python, tmp_path / "job", BUNDLED / "model", *datasets)

    assert code == 0, log
    values = {result.dataset: result.metrics[0].value for result in job.normalized().results}
    assert values["mcq"] is not None
    assert values["mcq"] > 0.3  # chance is 0.25
    assert all(result.counts.complete for result in job.normalized().results)
