"""Whether Native computes what lm-eval computes: prompts, log-likelihoods, predictions, results.

    python tests/bench/native_parity.py --lm-eval PYTHON [--native PYTHON] [--model FOLDER] [--rows 60]

PYTHON of lm-eval: an environment with `lm-eval==0.4.13` and the torch and transformers of Native's. Native's own is
what `evaldock build native --engine venv` makes. Rows are made up, in the columns of the published data; nothing is
downloaded. Native evaluates them as a job does. lm-eval evaluates the same files with its own tasks' templates, and
is also asked for the log-likelihoods of Native's very prompts. Without `--model`, two random models are asked, one of
which puts a token in front of every text.

Printed for each benchmark: how far any log-likelihood is from lm-eval's on the same prompt (wanted: 1e-3); how many
predictions are the same; how many rows have the prompts and options that lm-eval's template gives, byte for byte, and
how many but for blanks; the results of both. Ends with 1 where a log-likelihood or prediction differs, a prompt
differs in more than blanks, or results differ where all prompts are the same.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.native_python import native_python  # noqa: E402
from tests.bench.parity.cases import CASES, Answers, Case, Pair, execute  # noqa: E402
from tests.bench.parity.native_half import evaluate  # noqa: E402
from tests.bench.parity.rows import rows  # noqa: E402

TOLERANCE = 1e-3
_SAVE = """
import json, sys
from pathlib import Path
from tests.bench.random_model import SIZES, save
save(Path(sys.argv[1]), SIZES["tiny"], json.load(sys.stdin), family=sys.argv[2])
"""


def main() -> int:
    """Compare on every model, print a table for each, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lm-eval", required=True, help="a Python with lm-eval")
    parser.add_argument("--native", help="a Python with Native's packages; default: the environment evaldock built")
    parser.add_argument("--model", type=Path, help="a checkpoint's folder; default: two random ones")
    parser.add_argument("--rows", type=int, default=60, help="questions of each benchmark")
    asked = parser.parse_args()
    native, good = asked.native or native_python(), True
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        data = {case: write_data(root / "data" / case.name, case, asked.rows) for case in CASES}
        for title, model in models(native, root, asked.model).items():
            ours = evaluate(native, root / f"job of {title}", model, data)
            theirs = ask_lm_eval(asked.lm_eval, model, data, ours)
            print(f"{title:<31} {'max |d|':>8} {'predictions':>12} {'prompts':>12} {'but for blanks':>15}  results")
            told = [report(case, ours[case], found) for case, found in zip(CASES, theirs, strict=True)]
            good &= all(told)
    print("all as lm-eval has it" if good else "NOT all as lm-eval has it")
    return 0 if good else 1


def write_data(folder: Path, case: Case, count: int) -> Path:
    """Write a benchmark's rows in the layout of its repository, as many for examples as there are shots."""
    for split, number in ((case.split, count), (case.shot_split, max(1, case.shots))):
        file = data_file(folder, case, split)
        file.parent.mkdir(parents=True, exist_ok=True)
        made = rows(case.benchmark, f"{case.name} {split}", number, tidy=split == case.shot_split)
        file.write_text("".join(json.dumps(row) + "\n" for row in made), encoding="utf-8")
    return folder


def data_file(folder: Path, case: Case, split: str) -> Path:
    """Return where a split's rows are."""
    return folder / case.subset / f"{split}.jsonl"


def models(native: str, root: Path, own: Path | None) -> dict[str, Path]:
    """Return the checkpoints that are asked: the user's, or random ones whose tokenizers know the rows' words."""
    if own:
        return {own.name: own.resolve()}
    words = [json.dumps(row, ensure_ascii=False) for case in CASES for row in rows(case.benchmark, "words", 200)]
    found = {f"random {family}": root / family for family in ("qwen2", "llama")}
    for folder in found.values():
        execute([native, "-c", _SAVE, str(folder), folder.name], given=json.dumps(words))
    return found


def ask_lm_eval(python: str, model: Path, data: dict[Case, Path], ours: dict[Case, Answers]) -> list[dict[str, Any]]:
    """Let lm-eval evaluate the same files with its own templates, and compute Native's pairs."""
    tasks = [
        {
            "template": case.template,
            "shots": case.shots,
            "files": {split: str(data_file(data[case], case, split)) for split in (case.split, case.shot_split)},
            "pairs": ours[case].pairs,
        }
        for case in CASES
    ]
    with tempfile.TemporaryDirectory() as name:
        job, answer = Path(name) / "job.json", Path(name) / "answer.json"
        job.write_text(json.dumps({"model": str(model), "tasks": tasks}), encoding="utf-8")
        half = Path(__file__).parent / "parity" / "lm_eval_half.py"
        execute([python, str(half), str(job), str(answer)], HF_HOME=name)
        found: list[dict[str, Any]] = json.loads(answer.read_text("utf-8"))
    return found


def report(case: Case, ours: Answers, theirs: dict[str, Any]) -> bool:
    """Print a benchmark's line and return whether all is as it should be."""
    count, values, results = len(ours.values), theirs["values"], theirs["results"]
    asked = [[(context, text) for context, text in row] for row in theirs["pairs"]]
    far = max(
        abs(a - b) for mine, other in zip(ours.values, values, strict=True) for a, b in zip(mine, other, strict=True)
    )
    same = sum(_best(mine) == _best(other) for mine, other in zip(ours.values, values, strict=True))
    equal = sum(mine == other for mine, other in zip(ours.pairs, asked, strict=True))
    tidied = sum(_tidy(mine) == _tidy(other) for mine, other in zip(ours.pairs, asked, strict=True))
    told = {name: (mine, results[name]) for name, mine in ours.results.items() if mine is not None}
    line = ", ".join(f"{name} {mine:.4f} / {other:.4f}" for name, (mine, other) in told.items())
    counts = f"{same:>5} of {count:<3} {equal:>5} of {count:<3} {tidied:>8} of {count:<3}"
    print(f"  {case.name:<31} {far:8.1e} {counts}  {line}", flush=True)
    agreeing = equal < count or all(abs(mine - other) < 1e-9 for mine, other in told.values())
    return far <= TOLERANCE and same == count and tidied == count and agreeing


def _best(values: Sequence[float]) -> int:
    return max(range(len(values)), key=values.__getitem__)


def _tidy(pairs: Sequence[Pair]) -> list[str]:
    return [" ".join("".join(pair).split()) for pair in pairs]


if __name__ == "__main__":
    sys.exit(main())
