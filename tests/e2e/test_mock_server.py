"""A dry trial, whole: the mock knows the answers, errs as told, and the report says so. Part of `make test`."""

import pathlib

import pytest

from tests.e2e.harness import DATA, evaldock, mock_server

pytestmark = pytest.mark.native_env


def write_task(folder: pathlib.Path, url: str, *, chat: bool = True) -> str:
    (folder / "task.yaml").write_text(
        f"version: 1\nname: dry\nmodels: {{m: {{endpoint: '{url}', model: mock, chat: {str(chat).lower()}}}}}\n"
        "evaluations:\n  - backend: native\n    datasets:\n"
        f"      - {{name: gsm8k, path: '{DATA / 'word_problems'}', few_shot: 2}}\n"
        f"      - {{name: general_mcq, alias: choices, path: '{DATA / 'mcq.jsonl'}', few_shot: 3}}\n"
        f"      - {{name: general_qa, alias: questions, path: '{DATA / 'qa.jsonl'}'}}\n"
        "engine: venv\n"
    )
    return "task.yaml"


@pytest.mark.parametrize("chat", [True, False], ids=["chat", "text"])
def test_a_stated_share_of_errors_is_what_the_report_says(
    tmp_path: pathlib.Path, native_python: str, chat: bool
) -> None:
    gold = write_task(tmp_path, "http://127.0.0.1:8000/v1", chat=chat)
    with mock_server(tmp_path, "--gold", gold, "--error-rate", "0.25") as url:
        ran = evaldock(tmp_path, "run", write_task(tmp_path, url, chat=chat))

    assert ran.code == 0, ran.err
    scores = ran.scores()
    assert scores["gsm8k"]["accuracy"] == pytest.approx(0.75, abs=0.03)
    assert scores["choices"]["accuracy"] == pytest.approx(0.75, abs=0.03)
    assert scores["questions"]["exact_match"] == pytest.approx(0.75, abs=0.03)
    assert "unmatched" not in (tmp_path / "mock.err").read_text()


def test_faults_that_pass_change_no_score(tmp_path: pathlib.Path, native_python: str) -> None:
    gold = write_task(tmp_path, "http://127.0.0.1:8000/v1")
    faults = ["--fault", "500", "--fault", "drop", "--fault", "empty", "--fault-rate", "0.05"]
    with mock_server(tmp_path, "--gold", gold, *faults) as url:
        ran = evaldock(tmp_path, "run", write_task(tmp_path, url))

    results = [result for job in ran.report["jobs"] for result in job["results"]]
    assert "faults (" in (tmp_path / "mock.err").read_text()
    assert all(metrics[next(iter(metrics))] == 1.0 for metrics in ran.scores().values())
    assert sum(result["counts"]["scored"] for result in results) + sum(
        result["counts"]["infra_error"] for result in results
    ) == sum(result["counts"]["planned"] for result in results)
