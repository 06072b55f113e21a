"""The bundled checkpoint, loaded in a job and served by evaldock: the same scores, sample by sample."""

import json
from pathlib import Path

import pytest

from tests.e2e.harness import DATA, ROOT, evaldock
from tests.fakes.lora import make_lora

pytestmark = pytest.mark.native_env
MODEL = ROOT / "configs" / "bundled" / "model"


def task(folder: Path) -> Path:
    path = folder / "task.yaml"
    path.write_text(
        "version: 1\nname: served\nmodels:\n"
        f"  loaded: {{checkpoint: '{MODEL}', dtype: float32}}\n"
        f"  served: {{checkpoint: '{MODEL}', dtype: float32, serve: {{engine: transformers}}}}\n"
        "evaluations:\n  - backend: native\n    datasets:\n"
        f"      - {{name: gsm8k, alias: words, path: '{DATA / 'word_problems'}', few_shot: 2, limit: 6}}\n"
        f"      - {{name: general_mcq, alias: choices, path: '{DATA / 'mcq.jsonl'}', scoring: choice, limit: 12}}\n"
    )
    return path


def predictions(job: Path) -> dict[tuple[str, str, str], str]:
    """Return what the model said to each sample; the order of answers from a server is any."""
    samples = [json.loads(line) for line in (job / "samples.jsonl").read_text().splitlines()]
    return {(sample["dataset"], sample.get("subset", ""), sample["id"]): sample["prediction"] for sample in samples}


def test_scores_through_the_server_are_those_of_the_weights_in_a_job(tmp_path: Path, native_python: str) -> None:
    ran = evaldock(tmp_path, "run", str(task(tmp_path)), "--engine", "venv")

    assert ran.code == 0, ran.err
    loaded, served = ran.report["jobs"]
    assert (loaded["via"], served["via"]) == ("in_job", "endpoint")
    both = [
        (one["metrics"], other["metrics"]) for one, other in zip(loaded["results"], served["results"], strict=True)
    ]
    assert [[metric["value"] for metric in one] for one, _ in both] == [
        [metric["value"] for metric in other] for _, other in both
    ]
    assert predictions(ran.folder / "jobs" / served["id"]) == predictions(ran.folder / "jobs" / loaded["id"])


def test_a_served_lora_adapter_changes_the_answers_as_it_does_in_a_job(tmp_path: Path, native_python: str) -> None:
    make_lora(tmp_path / "lora")
    words = f"datasets: [{{name: gsm8k, path: '{DATA / 'word_problems'}', few_shot: 2, limit: 6}}]"
    (tmp_path / "task.yaml").write_text(
        "version: 1\nname: tuned\nmodels:\n"
        f"  loaded: {{checkpoint: '{MODEL}', dtype: float32}}\n"
        f"  served: {{checkpoint: '{MODEL}', dtype: float32, serve: {{engine: transformers, adapters: [./lora]}}}}\n"
        "evaluations:\n"
        f"  - {{backend: native, models: [loaded], {words}}}\n"
        f"  - {{backend: native, models: [loaded], options: {{adapter: ./lora}}, {words}}}\n"
        f"  - {{backend: native, models: [served], {words}}}\n"
    )

    ran = evaldock(tmp_path, "run", "task.yaml", "--engine", "venv")

    assert ran.code == 0, ran.err
    plain, in_job, served = (predictions(ran.folder / "jobs" / job["id"]) for job in ran.report["jobs"])
    assert served == in_job != plain
