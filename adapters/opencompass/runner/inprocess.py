"""OpenCompass's tasks one after the other in this process: each may fail alone, and says why."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from opencompass.registry import TASKS
from opencompass.runners.base import BaseRunner
from opencompass.utils import get_logger
from opencompass.utils.build import build_model_from_cfg

from adapters.opencompass.contract import Stage
from adapters.opencompass.runner.places import standing_in
from adapters.opencompass.runner.reasons import PartError, told
from adapters.opencompass.runner.session import Held, current
from adapters.runtime import job


class InProcessRunner(BaseRunner):  # type: ignore[misc]  # it has no types
    """Runs the tasks of one stage; the model is made for the first and kept."""

    def __init__(self, task: Any, stage: Stage, **_: object) -> None:
        """Keep which tasks these are."""
        super().__init__(task=task)
        self._stage: Stage = stage
        self._model: Any = None

    def launch(self, tasks: Sequence[Any]) -> list[tuple[str, int]]:
        """Run the tasks whose parts are well so far, and return a code for each."""
        return [(task["datasets"][0][0]["abbr"], self._launch(task)) for task in tasks]

    def _launch(self, config: Any) -> int:
        session = current()
        held = session.parts[config["datasets"][0][0]["abbr"]]
        file = held.part.file
        if not session.status.may_go_on(file):
            return 1
        started = time.monotonic()
        session.status.start(file, self._stage)
        try:
            with standing_in(held.place, held.data), _errors() as said:
                self._run(config, held)
                check_written(self._stage, held, said)
        except Exception as error:  # noqa: BLE001 - data and model code can raise anything; only this part is lost
            traceback.print_exc()
            session.status.fail(file, self._stage, told(error, held.data))  # its data could be loaded: not theirs
            return 1
        session.status.finish(file, self._stage, time.monotonic() - started)
        if self._stage == "score":
            _tell_finished(held)
        return 0

    def _run(self, config: Any, held: Held) -> None:
        task = TASKS.build({"cfg": config, "type": self.task_cfg["type"]})
        if self._stage != "infer":
            current().meter.scoring(held.dataset.label)
            if held.dataset.runs_code and current().sealed:
                raise PartError(f"the code that the model wrote is not run: {current().sealed}")
            task.run()
            return
        model = config["models"][0]
        self._model = self._model or build_model_from_cfg(model)
        self._model.begin(held)
        task.run(cur_model=self._model, cur_model_abbr=model["abbr"])


def _tell_finished(held: Held) -> None:
    """Tell the hub of a data set whose last part has its score."""
    label, status = held.dataset.label, current().status
    parts = [file for file, entry in status.parts.items() if entry["dataset"] == label]
    if all(status.is_done(file, "score") for file in parts):
        job.event("finished", dataset=label)


def check_written(stage: Stage, held: Held, said: Sequence[str] = ()) -> None:
    """See to it that a stage left what it should: OpenCompass takes much for a success.

    Raises:
        PartError: it did not; says what OpenCompass logged.
    """
    predictions, results = (_file(kind, held) for kind in ("predictions", "results"))
    if stage == "infer":
        count = len(json.loads(predictions.read_text(encoding="utf-8"))) if predictions.is_file() else 0
        if count != held.rows:
            raise PartError(f"{count} of {held.rows} samples were answered")
    elif not results.is_file():
        raise PartError(said[-1] if said else "OpenCompass wrote no result and said nothing")


def _file(kind: str, held: Held) -> Path:
    session = current()
    return session.output / "opencompass" / kind / session.task.model.name / f"{held.part.file}.json"


@contextmanager
def _errors() -> Iterator[list[str]]:
    """Collect the errors that OpenCompass logs instead of raising them."""
    said: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger = get_logger()
    logger.addHandler(handler)
    try:
        yield said
    finally:
        logger.removeHandler(handler)
