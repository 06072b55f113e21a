"""Evaluate one data set of an agent: work on each query, let it be judged, sum up."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from adapters.runtime import job
from adapters.toolbench.contract import (
    ANSWERS_FOLDER,
    CONVERTED_FILE,
    JUDGEMENTS_FILE,
    METRICS_FILE,
    PREDICTIONS_FILE,
    StableDataset,
    Task,
)
from adapters.toolbench.evaluator.data_error import DataError
from adapters.toolbench.evaluator.stable.facts import Facts
from adapters.toolbench.evaluator.stable.server import VirtualServer
from adapters.toolbench.evaluator.stable.setting import Setting, prepare
from adapters.toolbench.evaluator.stable.tooleval import Judgement
from adapters.toolbench.evaluator.stable.totals import sum_up
from adapters.toolbench.evaluator.stable.work import Outcome, Worker


def evaluate(dataset: StableDataset, task: Task) -> None:
    """Evaluate a data set into its folder of the output.

    Raises:
        DataError: its data cannot be used; metrics.json says so, too.
    """
    folder = job.path(job.OUTPUT) / dataset.folder
    (folder / ANSWERS_FOLDER).mkdir(parents=True, exist_ok=True)
    try:
        setting = prepare(dataset, task)
    except DataError as error:
        _write(folder / METRICS_FILE, {"absent": str(error)})
        raise
    job.event("planned", dataset=dataset.label, total=len(setting.queries))
    outcomes: list[Outcome] = []
    for outcome in _worked(setting, task, folder):
        outcomes.append(outcome)
        _write(folder / METRICS_FILE, _metrics(setting, outcomes))  # a job that is ended here has its figures so far
    _write(folder / CONVERTED_FILE, {outcome.id: outcome.converted for outcome in outcomes if outcome.converted})
    job.event("finished", dataset=dataset.label)


def _worked(setting: Setting, task: Task, folder: Path) -> Iterator[Outcome]:
    """Yield what became of each query, in the order of the data, each written down before the next."""
    label, total, errors = setting.dataset.label, len(setting.queries), 0
    with ExitStack() as stack:
        url = setting.dataset.url or stack.enter_context(VirtualServer(setting.apis)).url
        samples = stack.enter_context(_opened(folder / PREDICTIONS_FILE))
        judgements = stack.enter_context(_opened(folder / JUDGEMENTS_FILE))
        pool = stack.enter_context(ThreadPoolExecutor(task.concurrency))
        worker = Worker(setting, task, url)
        for number, outcome in enumerate(pool.map(worker.work, setting.queries), start=1):
            if outcome.answer:
                name = f"{outcome.id}_{setting.dataset.method_name}.json"
                _write(folder / ANSWERS_FOLDER / name, outcome.answer)
            if outcome.judgement:
                _append(judgements, _judgement(outcome.id, outcome.judgement))
            _append(samples, outcome.sample)
            errors += outcome.facts is None
            job.event("progress", dataset=label, done=number, total=total, errors=errors)
            yield outcome


def _metrics(setting: Setting, outcomes: list[Outcome]) -> dict[str, Any]:
    facts: list[Facts] = [outcome.facts for outcome in outcomes if outcome.facts]
    judged = {outcome.id: outcome.judgement for outcome in outcomes if outcome.judgement}
    planned = len(setting.queries)
    states = Counter(str(outcome.sample["state"]) for outcome in outcomes)
    states["skipped"] += planned - len(outcomes)
    compared = setting.reference
    return {
        "data": setting.fingerprint,
        "planned": planned,
        "states": states,
        "metrics": sum_up(facts, list(judged.values()), setting.dataset.rounds),
        "prompts": setting.prompts.tag,
        "prompt": setting.prompts.fingerprint,
        "synthetic_tools": sum(fact.synthetic for fact in facts),
        "reordered_hits": sum(fact.reordered for fact in facts),
        "recorded": setting.recorded,
        "described": setting.described,
        "reference": compared.fingerprint if compared else "",
        "unjudged": sum(not judgement.complete for judgement in judged.values()),
        "unopposed": sum(name not in compared.answers for name in judged) if compared else 0,
    }


def _judgement(name: str, judgement: Judgement) -> dict[str, Any]:
    rounds = [
        {
            "status": part.verdict.status,
            "reason": part.verdict.reason,
            **({"reference": part.reference.status} if part.reference else {}),
            **({"better": part.better, "why": part.reason} if judgement.compared else {}),
        }
        for part in judgement.rounds
    ]
    return {"id": name, "score": judgement.score, "outcome": judgement.outcome, "rounds": rounds}


def _opened(file: Path) -> TextIO:
    """Open a file anew; what models write is not always text that a file can hold."""
    return file.open("w", encoding="utf-8", errors="replace")


def _append(file: TextIO, content: Mapping[str, Any]) -> None:
    file.write(json.dumps(content, ensure_ascii=False, sort_keys=True) + "\n")
    file.flush()


def _write(file: Path, content: Mapping[str, Any]) -> None:
    draft = file.with_name(f".{file.name}")
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    draft.write_text(text + "\n", encoding="utf-8", errors="replace")
    os.replace(draft, file)  # noqa: PTH105 - one step
