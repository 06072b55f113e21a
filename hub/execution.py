"""One job from submit to its results: write inputs, submit, watch, normalise, keep."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from hub.adapter import Adapter, Normalized
from hub.clock import Stopwatch
from hub.engine import Engine, Handle, Placement
from hub.errors import EngineError, NormalizeError
from hub.files import odd_file, write_atomic
from hub.gateway import Verdict
from hub.interrupts import undisturbed
from hub.job import Ending, JobOutcome
from hub.jobevents import EventTail, failure
from hub.jobfolder import write_inputs
from hub.observer import JobChanged, Observer, Progressed, Said
from hub.plan import PlannedJob
from hub.report import EnvironmentRecord, JobReport, JobState, Result, job_state
from hub.text import count_of, show_duration

_POLL_S = 0.2
_OUTCOME = "outcome.json"


def _no_verdict(_job_id: str) -> Verdict | None:
    return None


def _nothing_to_settle(_job_id: str) -> None:
    """Write nothing down."""


@dataclass(frozen=True)
class Workplace:
    """What every job of a run shares: its engine, the prepared environments by image, who is told.

    Attributes:
        interrupted: whether the user wants the run to stop; asked between steps, so that no step is left half done.
        verdict: why a job cannot be what was planned, as the gateway judges.
        settle: told of a job that has ended, before its output is read: whose calls are to be written down.
    """

    run_id: str
    engine: Engine
    environments: dict[str, EnvironmentRecord]
    observe: Observer
    gateway_alive: Callable[[], bool]
    interrupted: Callable[[], bool]
    verdict: Callable[[str], Verdict | None] = _no_verdict
    settle: Callable[[str], None] = _nothing_to_settle


def execute(planned: PlannedJob, adapter: Adapter, place: Placement, work: Workplace) -> JobReport:
    """Run one job to its end and return its part of the report; a failed job is a report, not an exception.

    Once `work.interrupted` says so, a job at work is stopped and then is `cancelled`, with what was scored until
    then; one that has ended is still read.
    """
    environment = work.environments[planned.job.image]
    clock = Stopwatch()
    work.observe(JobChanged(planned.id, JobState.PREPARING))
    try:
        write_inputs(planned.job, place.folder)
        outcome = _run(planned, environment, place, work)
    except EngineError as error:
        return _failed(planned, environment, work, str(error), clock)
    write_atomic(place.folder / _OUTCOME, json.dumps(asdict(outcome), indent=2) + "\n")
    return read_again(planned, adapter, place.folder, outcome, work)


def read_again(
    planned: PlannedJob, adapter: Adapter, folder: Path, outcome: JobOutcome, work: Workplace
) -> JobReport:
    """Read what an ended job left and return its part of the report; reading twice gives the same."""
    work.observe(JobChanged(planned.id, JobState.NORMALIZING))
    work.settle(planned.id)
    state, reason, results = _read(planned, adapter, folder, outcome)
    state, reason = _judged(state, reason, outcome, work.verdict(planned.id))
    work.observe(JobChanged(planned.id, state, reason))
    return JobReport(
        id=planned.id,
        model=planned.evaluation.model.name,
        backend=planned.evaluation.backend,
        via=planned.evaluation.model.via,
        state=state,
        reason=reason,
        isolation=work.engine.isolation,
        environment=work.environments.get(planned.job.image),
        started_at=outcome.started_at,
        ended_at=outcome.ended_at,
        results=results,
    )


def _judged(state: JobState, reason: str, outcome: JobOutcome, verdict: Verdict | None) -> tuple[JobState, str]:
    """Lay over what the files say how the job ended, and what the gateway says of its calls."""
    if outcome.ending is Ending.STOPPED:
        return JobState.CANCELLED, reason
    if verdict is None:
        return state, reason
    return JobState.PARTIAL if state is JobState.SUCCEEDED else state, verdict.reason


def ended_well(folder: Path) -> JobOutcome | None:
    """Return the outcome of a job that came to its end with exit code 0 while evaldock watched, else None."""
    try:
        found = json.loads((folder / _OUTCOME).read_text(encoding="utf-8"))
        outcome = JobOutcome(**{**found, "ending": Ending(found["ending"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return outcome if outcome.ending is Ending.SUCCEEDED else None


def _run(planned: PlannedJob, environment: EnvironmentRecord, place: Placement, work: Workplace) -> JobOutcome:
    handle = work.engine.submit(planned.job, environment, place)
    try:
        write_atomic(place.folder / "handle.json", json.dumps(asdict(handle), indent=2) + "\n")
        work.observe(JobChanged(planned.id, JobState.RUNNING))
        return _watch(planned, handle, place.folder, work)
    except BaseException:
        with undisturbed():
            work.engine.stop(handle, Ending.STOPPED, "evaldock failed while the job ran")
        raise


def _watch(planned: PlannedJob, handle: Handle, folder: Path, work: Workplace) -> JobOutcome:
    tail = EventTail(folder / "output" / "events.jsonl")
    limit_s = planned.job.limits.timeout_s
    deadline = time.monotonic() + limit_s if limit_s else None
    while True:
        outcome = work.engine.wait(handle, _POLL_S)
        _tell(planned.id, tail, work.observe)
        if outcome is not None:
            _tell(planned.id, tail, work.observe)
            return outcome
        if end := _end_of(planned, deadline, work):
            with undisturbed():
                return work.engine.stop(handle, *end)


def _end_of(planned: PlannedJob, deadline: float | None, work: Workplace) -> tuple[Ending, str] | None:
    """Return how and why a job that still runs is to be stopped now, None where it may go on."""
    if work.interrupted():
        return Ending.STOPPED, "stopped by the user"
    if deadline is not None and time.monotonic() > deadline:
        return Ending.TIMED_OUT, f"stopped after its time-out of {show_duration(planned.job.limits.timeout_s or 0)}"
    if planned.job.gateway and not work.gateway_alive():
        return Ending.FAILED, "the gateway died, so the job lost its model"
    verdict = work.verdict(planned.id)
    return (Ending.FAILED, verdict.reason) if verdict and verdict.kind != "budget" else None


def _tell(job_id: str, tail: EventTail, observe: Observer) -> None:
    for event in tail.read():
        match event:
            case {"event": "progress", "dataset": str(dataset), "done": int(done), "total": int(total)}:
                errors = event.get("errors", 0)
                observe(Progressed(job_id, dataset, done, total, errors if isinstance(errors, int) else 0))
            case {"event": "planned", "dataset": str(dataset), "total": int(total)}:
                observe(Progressed(job_id, dataset, 0, total, 0))
            case {"event": "message", "text": str(text)}:
                observe(Said(job_id, text))


def _read(
    planned: PlannedJob, adapter: Adapter, folder: Path, outcome: JobOutcome
) -> tuple[JobState, str, tuple[Result, ...]]:
    reason = _reason(outcome, folder)
    try:
        _refuse_odd_files(folder / "output")
        normalized = adapter.normalize(planned.evaluation, folder / "output")
        _keep(normalized, folder)
    except NormalizeError as error:
        return JobState.FAILED, reason or str(error), ()
    except KeyboardInterrupt:  # held() lost patience
        return JobState.CANCELLED, reason or "stopped by the user while its output was read", ()
    except Exception as error:  # noqa: BLE001 - a job can write anything; one that cannot be read must not end the run
        (folder / "normalize-error.txt").write_text(traceback.format_exc(), encoding="utf-8", errors="replace")
        return JobState.FAILED, reason or f"its output cannot be read: {type(error).__name__}: {error}", ()
    state = job_state(normalized.results)
    if outcome.ending is not Ending.SUCCEEDED and state is JobState.SUCCEEDED:
        state = JobState.PARTIAL
    if state is not JobState.SUCCEEDED and not reason:
        reason = _first_gap(normalized.results)
    return state, reason, normalized.results


def _refuse_odd_files(output: Path) -> None:
    if odd := odd_file(output):
        raise NormalizeError(
            f"the job left {odd.name!r} in its output, which is neither a file nor a link to one there"
        )


def _reason(outcome: JobOutcome, folder: Path) -> str:
    """Prefer what the runner said of itself over how its process ended, unless something ended it from outside."""
    if outcome.ending is Ending.SUCCEEDED:
        return ""
    said = failure(folder / "output" / "events.jsonl")
    if said and outcome.ending is Ending.FAILED:
        return "; ".join(part for part in said if part)
    return outcome.reason or f"ended: {outcome.ending.value}"


def _first_gap(results: tuple[Result, ...]) -> str:
    for result in results:
        if result.absent:
            return f"{result.dataset}: {result.absent}"
        if not result.counts.complete:
            planned = count_of(result.counts.planned, "sample") if result.counts.planned else "an unknown number"
            return f"{result.dataset}: {result.counts.scored} of {planned} scored"
    return "the backend wrote no result"


def _keep(normalized: Normalized, folder: Path) -> None:
    with (folder / "samples.jsonl").open("w", encoding="utf-8") as file:
        for sample in normalized.samples:
            file.write(sample.model_dump_json(exclude_defaults=True) + "\n")
    rows = [result.model_dump(mode="json") for result in normalized.results]
    write_atomic(folder / "results.json", json.dumps(rows, indent=2, ensure_ascii=False) + "\n")


def _failed(
    planned: PlannedJob, environment: EnvironmentRecord, work: Workplace, reason: str, clock: Stopwatch
) -> JobReport:
    work.observe(JobChanged(planned.id, JobState.FAILED, reason))
    report = unrun(planned, JobState.FAILED, reason)
    return report.model_copy(
        update={"environment": environment, "started_at": clock.started_at, "ended_at": clock.now},
    )


def unrun(planned: PlannedJob, state: JobState, reason: str) -> JobReport:
    """Return the report of a job that never ran."""
    evaluation = planned.evaluation
    return JobReport(
        id=planned.id,
        model=evaluation.model.name,
        backend=evaluation.backend,
        via=evaluation.model.via,
        state=state,
        reason=reason,
    )


def with_identity(planned: PlannedJob, identity: str) -> PlannedJob:
    """Return the job with the model's identity known exactly."""
    model = replace(planned.evaluation.model, identity=identity)
    return replace(planned, evaluation=replace(planned.evaluation, model=model))
