"""Native's half of the comparison: an evaluation as a job runs it, on a checkpoint and local rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.native.adapter import ADAPTER
from adapters.native.contract import NativeDataset
from adapters.native.evaluator.dataset import load_subsets
from adapters.native.evaluator.likelihoods import of_rests
from adapters.native.evaluator.prompts import Prompter
from adapters.native.evaluator.record import samples_name
from adapters.native.evaluator.request import Likelihood
from adapters.native.translate import native_task
from hub.adapter import DatasetRequest, Evaluation, ModelTarget
from tests.bench.parity.cases import Answers, Case, Pair, execute

SEED = 42


def evaluate(python: str, root: Path, model: Path, data: Mapping[Case, Path]) -> dict[Case, Answers]:
    """Evaluate all benchmarks in one job under `root`; return what it asked and found."""
    asked = _evaluation(data)
    _lay_out(root, asked, {"models/m": model, **{f"data/{case.name}": path for case, path in data.items()}})
    execute([python, "-m", "adapters.native.runner"], EVALDOCK_ROOT=str(root))
    output = root / "job/output"
    summary = json.loads((output / "summary.json").read_text("utf-8"))["datasets"]
    datasets = native_task(asked).datasets
    return {
        case: _answers(dataset, path, output, summary[case.name])
        for (case, path), dataset in zip(data.items(), datasets, strict=True)
    }


def _evaluation(data: Mapping[Case, Path]) -> Evaluation:
    datasets = tuple(
        DatasetRequest(
            name=case.benchmark,
            label=case.name,
            path=path,
            few_shot=case.shots,
            scoring=case.scoring,
            subsets=(case.subset,) if case.subset else None,
        )
        for case, path in data.items()
    )
    model = ModelTarget(name="m", via="in_job", path="/models/m", identity="sha256:0", chat=False)
    return Evaluation(backend="native", model=model, datasets=datasets, seed=SEED)


def _lay_out(root: Path, asked: Evaluation, links: Mapping[str, Path]) -> None:
    for name, target in links.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)
    (root / "job/input").mkdir(parents=True)
    (root / "job/output").mkdir()
    for name, text in ADAPTER.translate(asked).items():
        (root / "job/input" / name).write_text(text, encoding="utf-8")


def _answers(dataset: NativeDataset, data: Path, output: Path, entry: Mapping[str, Any]) -> Answers:
    """Return what was asked and found, in the order of the rows."""
    assert not entry["absent"], entry["absent"]
    (subset,) = load_subsets(dataset, data, seed=SEED)
    file = output / samples_name(dataset.label, subset.name)
    samples = {sample["id"]: sample for sample in map(json.loads, file.read_text("utf-8").splitlines())}
    prompter, rest = Prompter(dataset, chat=False), bool(dataset.way.rest)
    pairs, values = [], []
    for item in subset.items:
        asked = prompter.request(item, subset.shots, f"{subset.name}/{item.id}")
        sample = samples[asked.id]
        assert isinstance(asked, Likelihood)
        assert sample["prompt"] == asked.prompt
        pairs.append(_of_rests(asked) if rest else [(asked.prompt, text) for text in asked.continuations])
        values.append(list(of_rests(sample["likelihoods"]) if rest else sample["likelihoods"]))
    metrics = {name: metric["value"] for name, metric in entry["subsets"][subset.name]["metrics"].items()}
    return Answers(pairs, values, {"acc": metrics["accuracy"], "acc_norm": metrics.get("acc_norm")})


def _of_rests(asked: Likelihood) -> list[Pair]:
    """Return for each option the text up to its end, and the rest: so lm-eval asks for a rest."""
    texts = asked.continuations
    return [(asked.prompt + alone, whole[len(alone) :]) for alone, whole in zip(texts[::2], texts[1::2], strict=True)]
