"""The course of VLMEvalKit's own `run_task` over one data set: its data are given to it, its steps are watched."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from adapters.vlmevalkit.contract import Dataset, Stage
from adapters.vlmevalkit.runner.status import Status

_STAGES: dict[str, Stage] = {"infer": "infer", "eval": "score"}
_UNSET = object()


class Course:
    """Where one data set is, and how it ended: of what it catches VLMEvalKit itself keeps the message alone."""

    def __init__(self, dataset: Dataset, loaded: Any, status: Status, scoring: Callable[[], None]) -> None:
        """Take what was loaded; `scoring` is called once all rows were asked, and may raise to end it there."""
        self.error: BaseException | None = None
        self.skipped = ""
        self.metrics: Any = None
        self._dataset, self._loaded, self._status, self._scoring = dataset, loaded, status, scoring
        self._stage: Stage | None = None
        self._since = time.monotonic()

    @contextmanager
    def watched(self, module: Any) -> Iterator[None]:
        """Stand in for what `vlmeval.run` loads data with and writes its status with."""
        build, upsert = module.build_dataset, module.upsert_dataset_status

        def told(*args: Any, **facts: Any) -> Any:
            self._note(facts)
            return upsert(*args, **facts)

        module.build_dataset, module.upsert_dataset_status = self._build, told
        try:
            yield
        finally:
            module.build_dataset, module.upsert_dataset_status = build, upsert
            self._leave()

    def _build(self, _name: str, **_: Any) -> Any:
        return self._loaded

    def _note(self, facts: dict[str, Any]) -> None:
        if facts.get("error_message", _UNSET) is not _UNSET:
            self.error = sys.exc_info()[1]
        self.skipped = facts.get("skip_reason") or self.skipped
        self.metrics = facts.get("metrics_source", self.metrics)
        stage = _STAGES.get(facts.get("status", ""))
        if stage:
            self._leave()
            self._stage = stage
            self._status.update(self._dataset, stage=stage)
        if stage == "score":
            self._scoring()

    def _leave(self) -> None:
        if self._stage:
            self._status.took(self._dataset, self._stage, time.monotonic() - self._since)
        self._stage, self._since = None, time.monotonic()
