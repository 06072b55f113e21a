"""Every benchmark of Native, whole: a model that knows the answers scores 100 % in a run. Part of `make test`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.adapters.native.published_rows import PUBLISHED, write
from tests.e2e.harness import DATA, evaldock, mock_server

pytestmark = pytest.mark.native_env
OWN = [
    {"name": "general_mcq", "path": str(DATA / "mcq.jsonl"), "limit": 5},
    {"name": "general_qa", "path": str(DATA / "qa.jsonl"), "limit": 5},
]


def write_task(folder: Path, url: str, *, chat: bool) -> str:
    """Write made-up rows of every benchmark as they are published, and a task that evaluates them all."""
    datasets: list[dict[str, Any]] = [*OWN]
    for name, layouts in sorted(PUBLISHED.items()):
        for index, published in enumerate(layouts):
            root = write(published, folder / f"{name}-{index}")
            subsets = {"subsets": list(published.subsets)} if published.subsets else {}
            datasets.append({"name": name, "alias": root.name, "path": str(root), "few_shot": 0, **subsets})
    task = {
        "version": 1,
        "name": "gold",
        "models": {"m": {"endpoint": url, "model": "mock", "chat": chat}},
        "evaluations": [{"backend": "native", "datasets": datasets}],
        "engine": "venv",
        "allow_unsafe_code": True,
    }
    (folder / "task.yaml").write_text(yaml.safe_dump(task))
    return "task.yaml"


@pytest.mark.parametrize("chat", [True, False], ids=["chat", "text"])
def test_right_answers_to_every_benchmark_score_in_full(tmp_path: Path, native_python: str, chat: bool) -> None:
    gold = write_task(tmp_path, "http://127.0.0.1:8000/v1", chat=chat)
    with mock_server(tmp_path, "--gold", gold) as url:
        ran = evaldock(tmp_path, "run", write_task(tmp_path, url, chat=chat))

    assert ran.code == 0, ran.err
    results = [result for job in ran.report["jobs"] for result in job["results"]]
    heads = {result["dataset"]: result["metrics"][0]["value"] for result in results}
    assert heads == dict.fromkeys(heads, 1.0)
    assert set(PUBLISHED) == {name.rpartition("-")[0] for name in heads} - {""}
    assert json.dumps([result["counts"]["unparsed"] for result in results]) == json.dumps([0] * len(results))
