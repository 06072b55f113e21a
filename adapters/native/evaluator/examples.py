"""Read the worked examples that belong to a benchmark itself, not to a split of its data."""

from __future__ import annotations

import yaml

from adapters.native.catalog import EVALUATOR, Benchmark
from adapters.native.evaluator.reader import Row


def worked_examples(benchmark: Benchmark, subset: str) -> list[Row]:
    """Return a subset's worked examples as rows with the columns of the data, in the order of their publisher."""
    folder = EVALUATOR / "examples" / benchmark.examples
    file = folder / f"{subset}.yaml" if folder.is_dir() else folder.with_suffix(".yaml")
    rows = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [Row(row, f"{file.name}: example {number}") for number, row in enumerate(rows, 1)]
