"""lm-eval's half of the comparison, run with its own Python: its tasks on local rows, and its values for our prompts.

    PYTHON lm_eval_half.py JOB ANSWER

JOB is a JSON file: `model` (a folder) and `tasks`, each with a template's file, the files of its splits, its shots
and Native's own pairs of context and continuation. ANSWER has for each task `values`, lm-eval's log-likelihoods of
those pairs, and what its own task gave: `pairs` and `results`.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any


def main() -> None:
    """Answer every task of the job."""
    from lm_eval.models.huggingface import HFLM

    logging.disable(logging.WARNING)
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    model = HFLM(pretrained=job["model"], device="cpu", dtype="float32", batch_size=8)
    answers = [{"values": likelihoods(model, entry["pairs"]), **evaluated(model, entry)} for entry in job["tasks"]]
    Path(sys.argv[2]).write_text(json.dumps(answers), "utf-8")


def likelihoods(model: Any, rows: list[list[list[str]]]) -> list[list[float]]:
    """Return the log-likelihood of every pair of every row."""
    from lm_eval.api.instance import Instance

    asked = [Instance("loglikelihood", {}, tuple(pair), 0) for pairs in rows for pair in pairs]
    found = iter(model.loglikelihood(asked, disable_tqdm=True))
    return [[next(found)[0] for _ in pairs] for pairs in rows]


def evaluated(model: Any, entry: dict[str, Any]) -> dict[str, Any]:
    """Run lm-eval's own task, its template untouched, on local rows."""
    from lm_eval.evaluator import evaluate

    found = evaluate(model, local_task(entry), bootstrap_iters=0)
    (samples,), (result,) = found["samples"].values(), found["results"].values()
    pairs = [
        [list(pair) for pair in sample["arguments"]] for sample in sorted(samples, key=lambda s: int(s["doc_id"]))
    ]
    return {"pairs": pairs, "results": {metric: result.get(f"{metric},none") for metric in ("acc", "acc_norm")}}


def local_task(entry: dict[str, Any]) -> Any:
    """Return a task that includes lm-eval's template and changes where its rows come from."""
    import lm_eval
    from lm_eval.tasks import TaskManager

    template = Path(lm_eval.__file__).parent / "tasks" / entry["template"]
    local = {"dataset_path": "json", "dataset_name": None, "dataset_kwargs": {"data_files": entry["files"]}}
    # Its usual sampler draws; the first ones are those that Native takes where it takes all.
    shots = {"num_fewshot": entry["shots"], "fewshot_config": {"sampler": "first_n"}}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "local.yaml"
        file.write_text(json.dumps({"include": str(template), "task": "local", **local, **shots}), "utf-8")
        return TaskManager(include_defaults=False).load(str(file))


if __name__ == "__main__":
    main()
