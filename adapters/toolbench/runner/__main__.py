"""The ToolBench runner, inside the job: evaluate every data set of /job/input/task.json."""

from __future__ import annotations

import sys

from adapters.runtime import job
from adapters.toolbench.contract import TASK_FILE, StableDataset, StaticDataset, Task, loads
from adapters.toolbench.evaluator.data_error import DataError
from adapters.toolbench.evaluator.stable import run as stable
from adapters.toolbench.evaluator.static import run as static


def main() -> int:
    """Return the exit code: 0 where every data set was evaluated."""
    task = loads((job.path(job.INPUT) / TASK_FILE).read_text(encoding="utf-8"))
    datasets: tuple[StaticDataset | StableDataset, ...] = (*task.static, *task.stable)
    evaluated = [_evaluated(dataset, task) for dataset in datasets]
    return int(not all(evaluated))


def _evaluated(dataset: StaticDataset | StableDataset, task: Task) -> bool:
    """Evaluate a data set; one whose data are broken takes no other with it."""
    try:
        if isinstance(dataset, StaticDataset):
            static.evaluate(dataset, task)
        else:
            stable.evaluate(dataset, task)
    except DataError as error:
        job.event("failed", reason=f"{dataset.label}: {error}", hint="")
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
