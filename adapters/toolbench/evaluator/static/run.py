"""Evaluate one data set of single steps: ask about each item, compare it with its target, sum up."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from adapters.runtime import job
from adapters.toolbench.contract import METRICS_FILE, PREDICTIONS_FILE, StaticDataset, Task
from adapters.toolbench.evaluator.ask import Model, Reply
from adapters.toolbench.evaluator.data_error import DataError
from adapters.toolbench.evaluator.static import data
from adapters.toolbench.evaluator.static.agreement import Agreement, compare
from adapters.toolbench.evaluator.static.data import Item
from adapters.toolbench.evaluator.static.steps import NO_ACTION, Step, parse
from adapters.toolbench.evaluator.static.totals import Figure, Totals, sum_up

_BLANK = frozenset({"", ".", ","})
# Figures are summed up after each of so many items, then after every second one, and so on: it never takes long.
_DENSE = 1000


def evaluate(dataset: StaticDataset, task: Task) -> None:
    """Evaluate a data set into its folder of the output.

    Raises:
        DataError: its data cannot be used; metrics.json says so, too.
    """
    folder = job.path(job.OUTPUT) / dataset.folder
    folder.mkdir(parents=True, exist_ok=True)
    try:
        items = data.read(data.find(job.path(dataset.path), dataset.stem), dataset.limit)
    except DataError as error:
        _write(folder, {"absent": str(error)})
        raise
    job.event("planned", dataset=dataset.label, total=len(items))
    facts = {"data": data.fingerprint(items), "planned": len(items)}
    states, agreements = Counter[str](), list[Agreement]()
    for sample, agreement in _answered(dataset, task, items, folder):
        states[str(sample["state"])] += 1
        agreements += [agreement] if agreement else []
        done = states.total()
        if done == len(items) or done % (done // _DENSE + 1) == 0:  # a job that is ended here has its figures so far
            left = Counter(skipped=len(items) - done)
            _write(folder, {**facts, "states": states + left, **_entry(sum_up(agreements))})
    job.event("finished", dataset=dataset.label)


def _answered(
    dataset: StaticDataset, task: Task, items: Sequence[Item], folder: Path
) -> Iterator[tuple[dict[str, Any], Agreement | None]]:
    """Yield what became of each item, in the order of the data, each written down before the next."""
    candidate = Model("candidate", dataset.label, dataset.generation, task.request_timeout_s)
    errors = 0

    def ask(numbered: tuple[int, Item]) -> Reply:
        index, item = numbered
        return candidate.ask(str(index), item.messages)

    with (
        (folder / PREDICTIONS_FILE).open("w", encoding="utf-8", errors="replace") as file,
        ThreadPoolExecutor(task.concurrency) as pool,
    ):
        for index, reply in enumerate(pool.map(ask, enumerate(items))):
            sample, agreement = judge(str(index), items[index], reply)
            errors += agreement is None
            file.write(json.dumps(sample, ensure_ascii=False, sort_keys=True) + "\n")
            file.flush()
            job.event("progress", dataset=dataset.label, done=index + 1, total=len(items), errors=errors)
            yield sample, agreement


def judge(name: str, item: Item, reply: Reply) -> tuple[dict[str, Any], Agreement | None]:
    """Return the line of an item, and how it agrees with its target where it was answered."""
    sample: dict[str, Any] = {
        "id": name,
        "state": reply.state,
        "prompt": item.messages,
        "gold": item.target,
        "error": reply.error,
        "latency_s": reply.latency_s,
        "tokens_in": reply.tokens_in,
        "tokens_out": reply.tokens_out,
    }
    if reply.state != "scored":
        return sample, None
    prediction = cleaned(reply.text)
    agreement = compare(item.target, prediction, item.tools)
    scores = {name: float(value) for name, value in _scores(agreement).items() if value is not None}
    told = f"does not count in Eval-Scope's figures: {agreement.dropped}" if agreement.dropped else ""
    shown = {"prediction": reply.text, "answer": _shown(parse(prediction)), "scores": scores, "error": told}
    return {**sample, **shown}, agreement


def cleaned(text: str) -> str:
    """Return an answer as Eval-Scope keeps it: without a colon at its start; `none` for one that says nothing."""
    text = text.removeprefix(": ")
    return NO_ACTION if text.strip() in _BLANK else text


def _shown(step: Step) -> str:
    if step.plan == "call":
        return f"{step.action}({step.arguments})"
    return step.plan if step.answer is None else step.answer


def _scores(agreement: Agreement) -> dict[str, float | None]:
    return {
        "action_em": agreement.action,
        "plan_em": agreement.plan,
        "f1": agreement.f1,
        "hallu_rate": agreement.hallucinated,
        "rouge_l": agreement.rouge_l,
        "action_em_strict": agreement.strict_action,
        "plan_em_strict": agreement.strict_plan,
    }


def _entry(totals: Totals) -> dict[str, Any]:
    return {
        "metrics": {figure.name: _figure(figure) for figure in totals.figures},
        "counted": totals.counted,
        "dropped": totals.dropped,
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {name: value for name, value in figure._asdict().items() if name != "name"}


def _write(folder: Path, content: dict[str, Any]) -> None:
    draft = folder / f".{METRICS_FILE}"
    draft.write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(draft, folder / METRICS_FILE)  # noqa: PTH105 - one step
