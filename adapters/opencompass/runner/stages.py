"""The two stages of a job, each in a fork: answering, which needs the model, and scoring, which may have no network.

What kills a fork costs the part that it was at: the next fork goes on with the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapters.opencompass.contract import EXPERIMENT, Stage
from adapters.opencompass.runner.configs import experiment_folder
from adapters.opencompass.runner.forks import in_fork
from adapters.opencompass.runner.sealed import seal
from adapters.opencompass.runner.session import Session

_DEATHS = 3  # forks that may die before the rest is given up


def answer(session: Session) -> None:
    """Have every loaded part answered."""
    _stage(session, "infer", lambda: _run(session, "infer"))


def score(session: Session) -> None:
    """Score what was answered, and let OpenCompass write its summary."""

    def sealed() -> None:
        session.sealed = seal()
        _run(session, "eval")

    _stage(session, "score", sealed)


def _stage(session: Session, stage: Stage, work: Callable[[], None]) -> None:
    for _ in range(_DEATHS):
        death = in_fork(work)
        session.status.reload()
        at_work = session.status.running()
        for file in at_work:
            session.status.fail(file, stage, death or "it was left unfinished")
        if not death:
            return
        if not at_work:
            break
    for file, entry in session.status.parts.items():
        if entry["state"] == "ok" and not session.status.is_done(file, stage):
            session.status.fail(file, stage, death)


def _run(session: Session, mode: str) -> None:
    from opencompass.cli.arguments import Arguments  # noqa: PLC0415
    from opencompass.cli.main import run_task  # noqa: PLC0415

    _use_loaded_data(session)
    arguments: dict[str, Any] = {"dump_eval_details": mode == "eval"}
    # The same name for both: `reuse` finds the answers of the first stage, and its configuration.
    run_task(
        Arguments(
            config=str(session.scratch / "experiment.py"),
            work_dir=str(session.output),
            time_str=EXPERIMENT,
            reuse=EXPERIMENT if experiment_folder(session).is_dir() else None,
            mode=mode,
            **arguments,
        )
    )


def _use_loaded_data(session: Session) -> None:
    """Let OpenCompass's tasks take the data that are loaded, in place of loading them once more for each stage."""
    from opencompass.tasks import openicl_eval, openicl_infer  # noqa: PLC0415

    def loaded(config: Any) -> Any:
        return session.parts[config["abbr"]].loaded

    openicl_infer.build_dataset_from_cfg = openicl_eval.build_dataset_from_cfg = loaded
