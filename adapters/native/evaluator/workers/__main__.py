"""A worker: `python -m adapters.native.evaluator.workers PARENT NAME` loads the model once and answers orders.

Orders come by standard input. Answers go where standard output led; what anything prints goes to the job's log.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

from adapters.native.contract import TASK_FILE, loads
from adapters.native.evaluator.models.in_process import load_in_process
from adapters.native.evaluator.models.remembered import Computing
from adapters.native.evaluator.sandbox.fence import die_with
from adapters.native.evaluator.workers.messages import (
    Order,
    done_line,
    failed_line,
    outcome_line,
    read_order,
    ready_line,
)
from adapters.runtime import job

Tell = Callable[[str], None]
LOG = logging.getLogger(__name__)


def main(parent: int) -> None:
    """Answer orders until there are no more, or the evaluator is gone."""
    die_with(parent)
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as channel:
        os.dup2(2, 1)

        def tell(line: str) -> None:
            channel.write(line)
            channel.flush()

        model = _loaded(tell)
        if model is None:
            return
        for line in sys.stdin:
            _answer(model, read_order(line), tell)


def _loaded(tell: Tell) -> Computing | None:
    try:
        model = load_in_process(loads((job.path(job.INPUT) / TASK_FILE).read_text(encoding="utf-8")))
    except Exception as error:  # the evaluator says it, as it does where it loads the model itself
        LOG.exception("the model")
        tell(failed_line(0, error))
        return None
    tell(ready_line(model.facts, chat=model.chat))
    return model


def _answer(model: Computing, order: Order, tell: Tell) -> None:
    try:
        model.answer(
            order.dataset,
            order.requests,
            lambda index, outcome: tell(outcome_line(order.number, index, outcome)),
            known=order.known,
        )
    except Exception as error:  # as above
        LOG.exception("%s", order.dataset)
        tell(failed_line(order.number, error))
    else:
        tell(done_line(order.number))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format=f"%(levelname)s {sys.argv[2]}: %(name)s: %(message)s")
    main(int(sys.argv[1]))
