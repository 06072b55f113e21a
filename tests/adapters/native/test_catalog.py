"""A benchmark takes five lines, and a file that is none is told what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.native import catalog
from adapters.native.catalog import BenchmarkError, benchmarks
from adapters.native.evaluator.dataset import load_subsets
from tests.adapters.native.native_task import dataset, write_jsonl

FIVE = """version: 1
summary: Multiple-choice questions about rivers
kind: multiple_choice
ways: multiple_choice
sources: {huggingface: {id: example/river_quiz, revision: main}}
"""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield the file of a benchmark that stands beside the prompts that all share."""
    root = tmp_path / "evaluator"
    (root / "benchmarks").mkdir(parents=True)
    (root / "prompts").symlink_to(catalog.EVALUATOR / "prompts")
    monkeypatch.setattr(catalog, "EVALUATOR", root)
    benchmarks.cache_clear()
    yield root / "benchmarks/river_quiz.yaml"
    benchmarks.cache_clear()


def test_five_lines_are_a_benchmark(written: Path, tmp_path: Path) -> None:
    written.write_text(FIVE)
    row = {"question": "Which flows through Paris?", "options": ["Po", "Seine"], "answer": "Seine"}
    write_jsonl(tmp_path / "rows/data/test-00000-of-00001.jsonl", [row])

    (subset,) = load_subsets(dataset("river_quiz"), tmp_path / "rows", seed=0)

    assert (subset.name, subset.items[0].gold) == ("default", "B")
    assert benchmarks()["river_quiz"].default_way == "choice"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("summary", "sumary"), r"benchmarks/river_quiz\.yaml: unknown key 'sumary'; did you mean 'summary'"),
        (("version: 1", ""), "the key 'version' is missing"),
        (
            ("kind: multiple_choice", "kind: multiple choice"),
            "no kind 'multiple choice'; did you mean 'multiple_choice'",
        ),
        (
            ("ways: multiple_choice", "ways: {base: multiple_choice, generate: null}\njudged: {metrics: [accuracy]}"),
            "'judged' needs the way 'generate'",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said(written: Path, change: tuple[str, str], message: str) -> None:
    written.write_text(FIVE.replace(*change))

    with pytest.raises(BenchmarkError, match=message):
        benchmarks()
