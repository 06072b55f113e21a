"""One benchmark on two backends as a user runs it: the real Native and the real OpenCompass on the same questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.harness import DATA, ROOT, evaldock

pytestmark = pytest.mark.e2e
WEIGHTS = ROOT / "configs" / "bundled" / "model"
TASK = """
version: 1
name: twice
models: {{bundled: {{checkpoint: '{weights}', dtype: float32}}}}
evaluations:
  - {{backend: native, datasets: [{{name: gsm8k, path: '{native}', few_shot: 0}}]}}
  - {{backend: opencompass, datasets: [{{name: gsm8k, path: '{opencompass}'}}]}}
limit: 20
generation: {{max_tokens: 64}}
"""


def test_every_question_of_two_backends_finds_its_partner(tmp_path: Path) -> None:
    theirs = tmp_path / "opencompass" / "gsm8k"
    theirs.mkdir(parents=True)
    lines = (DATA / "word_problems" / "test.jsonl").read_text().splitlines()[:20]
    (theirs / "test.jsonl").write_text("\n".join(reversed(lines)) + "\n")
    (theirs / "train.jsonl").write_text((DATA / "word_problems" / "train.jsonl").read_text())
    task = tmp_path / "task.yaml"
    task.write_text(TASK.format(weights=WEIGHTS, native=DATA / "word_problems", opencompass=theirs.parent))

    ran = evaldock(tmp_path, "run", str(task), "--engine", "docker")

    assert ran.code == 0, ran.err
    (found,) = ran.report["agreements"]
    assert (found["matched"], found["first"]["unmatched"], found["second"]["unmatched"]) == (20, 0, 0)
    asked = [_questions(ran.folder, found[side]["job"]) for side in ("first", "second")]
    for apart in _disagreements(ran.folder):
        mine, other = (asked[at][apart[side]["line"] - 1] for at, side in enumerate(("first", "second")))
        assert mine == other
    scores = [job["results"][0]["metrics"][0]["value"] for job in ran.report["jobs"]]
    assert scores == [(found["both"] + found[alone]) / 20 for alone in ("only_first", "only_second")]
    assert "question by question" in (ran.folder / "report.md").read_text()


def _questions(folder: Path, job: str) -> list[str]:
    """Return which of the data set's questions each sample of a job asks."""
    known = [
        json.loads(line)["question"] for line in (DATA / "word_problems" / "test.jsonl").read_text().splitlines()
    ]
    lines = (folder / "jobs" / job / "samples.jsonl").read_text().splitlines()
    prompts = [json.loads(line)["prompt"] for line in lines]
    last = [prompt if isinstance(prompt, str) else prompt[-1]["content"] for prompt in prompts]
    return [next(question for question in known if question in text) for text in last]


def _disagreements(folder: Path) -> list[dict[str, dict[str, int]]]:
    found = [json.loads(line) for line in (folder / "disagreements.jsonl").read_text().splitlines()]
    assert found
    return found
