"""What is compared with lm-eval: benchmarks with so many examples, and what each side asked and found."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]


class Case(NamedTuple):
    """One benchmark with so many examples, and the file of lm-eval's task that is its like."""

    benchmark: str
    template: str
    shots: int
    subset: str = ""
    scoring: str = "continuation"
    split: str = "validation"
    shot_split: str = "train"

    @property
    def name(self) -> str:
        return f"{self.benchmark} {self.subset} {self.shots}-shot".replace("  ", " ")


CASES = (
    Case("arc", "arc/arc_easy.yaml", 0, "ARC-Easy", split="test"),
    Case("arc", "arc/arc_challenge.yaml", 5, "ARC-Challenge", split="test"),
    Case("hellaswag", "hellaswag/hellaswag.yaml", 0),
    Case("hellaswag", "hellaswag/hellaswag.yaml", 10),
    Case("piqa", "piqa/piqa.yaml", 0),
    Case("winogrande", "winogrande/default.yaml", 0, "winogrande_xl"),
    Case("winogrande", "winogrande/default.yaml", 5, "winogrande_xl"),
    Case("obqa", "openbookqa/openbookqa.yaml", 0, "main", split="test"),
    Case("mmlu", "mmlu/default/mmlu_anatomy.yaml", 5, "anatomy", "choice", split="test", shot_split="dev"),
)

Pair = tuple[str, str]  # a context and a continuation


class Answers(NamedTuple):
    """For each row a pair and a log-likelihood for each option, and the results of all."""

    pairs: list[list[Pair]]
    values: list[list[float]]
    results: dict[str, float | None]


def execute(argv: Sequence[str], *, given: str = "", **variables: str) -> None:
    """Run a command offline and with this tree's code; leave with its words where it fails."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", **variables}
    done = subprocess.run(argv, env=env, cwd=ROOT, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(argv[:3])} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
