"""OpenCompass's own runner of processes, for checkpoints on several GPUs: what became of each task is noted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from opencompass.runners import LocalRunner

from adapters.opencompass.runner.inprocess import check_written
from adapters.opencompass.runner.reasons import PartError
from adapters.opencompass.runner.session import Held, current
from adapters.opencompass.runner.watch import Watch, watching

_LAST_BYTES = 4000


class ReportingLocalRunner(LocalRunner):  # type: ignore[misc]  # it has no types
    """A process for each task, as many at once as there are GPUs."""

    def _launch(self, task: Any, gpu_ids: Sequence[int], index: int) -> tuple[str, int]:
        session = current()
        held = session.parts[task.dataset_cfgs[0][0]["abbr"]]
        file = held.part.file
        if not session.status.may_go_on(file):
            return task.name, 1
        session.status.start(file, "infer")
        started = time.monotonic()
        watch = Watch(session, held)
        with watching(watch):
            name, code = super()._launch(task, gpu_ids, index)
        wrong = _what_went_wrong(task, held, code)
        if wrong:
            session.status.fail(file, "infer", wrong)
            return name, 1
        watch.finish()
        session.status.finish(file, "infer", time.monotonic() - started)
        return name, code


def _what_went_wrong(task: Any, held: Held, code: int) -> str:
    if code:
        return last_line(Path(task.get_log_path(file_extension="out"))) or f"it ended with code {code}"
    try:
        check_written("infer", held)
    except PartError as error:
        return str(error)
    return ""


def last_line(log: Path) -> str:
    """Return the last line that a task said, which names its error."""
    try:
        text = log.read_bytes()[-_LAST_BYTES:].decode(errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
