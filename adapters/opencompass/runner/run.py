"""A job from task.json to OpenCompass's own results: load, answer, score, and say what became of every part."""

from __future__ import annotations

import hashlib
import shutil
import traceback
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from opencompass.utils.build import build_dataset_from_cfg
from opencompass.utils.datasets_info import DATASETS_MAPPING

from adapters.opencompass.contract import EXPERIMENT, FAILURES_FILE, STATUS_FILE, TASK_FILE, Dataset, Part, Task
from adapters.opencompass.names import file_name, unused
from adapters.opencompass.runner import configs, stages
from adapters.opencompass.runner.columns import require_columns
from adapters.opencompass.runner.configs import ConfigError, refuse_templates
from adapters.opencompass.runner.models import ModelError, is_chat, model_config
from adapters.opencompass.runner.places import MissingDataError, absolute, data_folder, standing_in
from adapters.opencompass.runner.protocol import protocol_of
from adapters.opencompass.runner.reasons import describe, reason_of
from adapters.opencompass.runner.resume import take_over, task_digest
from adapters.opencompass.runner.session import Held, Session, open_session
from adapters.opencompass.runner.status import Status
from adapters.runtime import job


def run(task: Task, scratch: Path) -> int:
    """Run a task and return the exit code: 0 only where every part has a score."""
    output = job.path(job.OUTPUT)
    _clear(output)
    session = Session(task, output, scratch, Status(output / STATUS_FILE, task_digest(task)))
    open_session(session)
    for dataset in task.datasets:
        _load(dataset, session)
    if session.parts and _starts(session):
        take_over(session)
        stages.answer(session)
        stages.score(session)
    return _conclude(session)


def _clear(output: Path) -> None:
    """Remove what an earlier start of the job left: OpenCompass would take it for its own, whatever the task."""
    shutil.rmtree(output / EXPERIMENT, ignore_errors=True)
    for name in (STATUS_FILE, FAILURES_FILE):
        (output / name).unlink(missing_ok=True)


def _load(dataset: Dataset, session: Session) -> None:
    """Load the data of every part; one that fails takes no other with it."""
    taken = _taken(session)
    try:
        found = configs.read(dataset, taken)
        data = data_folder(dataset.data, session.scratch)
    except Exception as error:  # noqa: BLE001 - a configuration is Python and can raise anything
        traceback.print_exc()
        for part in dataset.parts or (Part(dataset.label, unused(file_name(dataset.label), taken)),):
            session.status.refuse(dataset, part, describe(error))
        return
    place = session.scratch / "places" / hashlib.sha256(str(data).encode()).hexdigest()[:12]
    for part, config in found:
        _load_part(dataset, part, absolute(config, data, _known()), session, (place, data))
    rows = sum(held.rows for held in session.parts.values() if held.dataset is dataset)
    session.meter.plan(dataset.label, rows)


def _taken(session: Session) -> set[str]:
    """Return the names of files that another data set has or will have."""
    planned = {part.file for dataset in session.task.datasets for part in dataset.parts}
    return planned | set(session.status.parts)


def _load_part(
    dataset: Dataset, part: Part, config: dict[str, Any], session: Session, where: tuple[Path, Path]
) -> None:
    try:
        with standing_in(*where):
            loaded = build_dataset_from_cfg(ConfigDict(config))
        require_columns(loaded.test, config, where[1], part.reads)
        rows = row_count(loaded, part)
    except Exception as error:  # noqa: BLE001 - a loader can raise anything; only this part is lost
        traceback.print_exc()
        session.status.refuse(dataset, part, reason_of(error, where[1], part.reads))
        return
    session.parts[part.file] = Held(dataset, part, config, *where, loaded, rows)
    protocol = protocol_of(config, loaded.test, session.task.max_out_len)
    session.status.announce(dataset, part, planned=rows, **protocol)


def row_count(loaded: Any, part: Part) -> int:
    """Return how many rows are evaluated.

    Raises:
        MissingDataError: none.
    """
    if not len(loaded.test):
        raise MissingDataError(f"no rows: {', '.join(f'data/{name}' for name in part.reads) or 'the data are empty'}")
    return len(loaded.test)


def _known() -> dict[str, str]:
    return {name: entry["local"] for name, entry in DATASETS_MAPPING.items() if entry.get("local")}


def _starts(session: Session) -> bool:
    """Write the experiment's configuration; where the model cannot be described, no part has a score."""
    try:
        _write_experiment(session)
    except (ModelError, ConfigError, OSError, ValueError) as error:
        traceback.print_exc()
        for file in session.parts:
            session.status.fail(file, "load", describe(error))
        return False
    return True


def _write_experiment(session: Session) -> None:
    model = model_config(session.task)
    refuse_templates([model["path"], *(str(held.data) for held in session.parts.values())])
    whole = Config(configs.experiment(session, model), format_python_code=False)
    whole.dump(str(session.scratch / "experiment.py"))
    session.status.describe_model(
        chat=is_chat(session.task.model),
        type=model["type"],
        turns="meta_template" in model or session.task.model.kind == "checkpoint",
        max_seq_len=model["max_seq_len"],
    )


def _conclude(session: Session) -> int:
    done = {file: session.status.is_done(file, "score") for file in session.status.parts}
    failed = [entry for file, entry in session.status.parts.items() if not done[file]]
    if failed:
        first = failed[0]
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        job.event("failed", reason=f"{first['dataset']}: {first['abbr']}: {first['error']}{more}", hint="")
    return int(bool(failed))


def read_task() -> Task:
    """Return what the hub wants."""
    from adapters.opencompass.contract import loads  # noqa: PLC0415

    return loads((job.path(job.INPUT) / TASK_FILE).read_text(encoding="utf-8"))
