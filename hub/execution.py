"""One job from submit to its results: write inputs, submit, watch, normalise, keep."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from hub.accounting import Account, no_account
from hub.adapter import Adapter
from hub.clock import Stopwatch
from hub.engine import Engine, Handle, Placement
from hub.errors import EngineError, GatewayError, NormalizeError
from hub.files import write_atomic
from hub.gateway import Verdict
from hub.interrupts import undisturbed
from hub.job import Ending, JobOutcome
from hub.jobevents import EventTail
from hub.jobfolder import with_past, write_inputs
from hub.observer import JobChanged, JobRestarted, Observer, Progressed, Said
from hub.plan import PlannedJob
from hub.reading import EVENTS, FIRST, OUTPUT, first_gap, keep, read_outcome, read_output, reason_of, write_outcome
from hub.report import EnvironmentRecord, JobReport, JobState, Result, job_state
from hub.restart import Death, death_of, earlier_death, forget, narrowed, read_both, set_aside
from hub.text import show_duration
from hub.vigil import Vigil

_POLL_S = 0.2


def no_verdict(_job_id: str) -> Verdict | None:
    """Judge nothing: there is no gateway."""
    return None


def nothing() -> str:
    """Return nothing: all is well."""
    return ""


def none_ended() -> int:
    """Return how many calls were seen of a job whose calls nobody sees."""
    return 0


def nobody_serves(_planned: PlannedJob) -> None:
    """Do nothing: the job has no gateway."""


@dataclass(frozen=True)
class Workplace:
    """What every job of a run shares: its engine, the prepared environments by image, who is told.

    Attributes:
        interrupted: whether the user wants the run to stop; asked between steps, so that no step is left half done.
        broken: why the run cannot go on, whatever its user wants; empty while it can.
        calls: how many calls of a job have ended by now: a sign that it is at work.
        loss: why no job can reach its model any more; empty while they can.
        verdict: why a job cannot be what was planned, as the gateway judges.
        settle: has the calls of a job that has ended written down; returns what they mean for its results.
        serve_again: has the gateway serve the next start of a job that has ended.
    """

    run_id: str
    engine: Engine
    environments: dict[str, EnvironmentRecord]
    observe: Observer
    loss: Callable[[], str]
    interrupted: Callable[[], bool]
    broken: Callable[[], str] = nothing
    calls: Callable[[], int] = none_ended
    verdict: Callable[[str], Verdict | None] = no_verdict
    settle: Callable[[PlannedJob], Account] = no_account
    serve_again: Callable[[PlannedJob], None] = nobody_serves


def execute(planned: PlannedJob, adapter: Adapter, place: Placement, work: Workplace) -> JobReport:
    """Run one job to its end and return its part of the report; a failed job is a report, not an exception.

    Once `work.interrupted` says so, a job at work is stopped and then is `cancelled`, with what was scored until
    then; one that has ended is still read.
    """
    environment = work.environments[planned.job.image]
    clock = Stopwatch()
    work.observe(JobChanged(planned.id, JobState.PREPARING))
    try:
        forget(place.folder)
        deadline = _deadline(planned)
        outcome = _start(planned, place, work, deadline)
    except EngineError as error:
        return _failed(planned, environment, work, str(error), clock)
    may_go_on = _end_of(planned, deadline, work) is None
    if may_go_on and (death := death_of(planned.evaluation, adapter, outcome, place.folder)):
        outcome = _start_again(narrowed(planned, adapter, death.left), death, place, work, deadline)
    return read_again(planned, adapter, place.folder, outcome, work)


def read_again(
    planned: PlannedJob, adapter: Adapter, folder: Path, outcome: JobOutcome, work: Workplace
) -> JobReport:
    """Read what an ended job left and return its part of the report; reading twice gives the same."""
    work.observe(JobChanged(planned.id, JobState.NORMALIZING))
    account = work.settle(planned)
    state, reason, results = _read(planned, adapter, folder, outcome, account)
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
        started_at=(read_outcome(folder / FIRST) or outcome).started_at,
        ended_at=outcome.ended_at,
        usage=account.usage,
        results=results,
    )


def _judged(state: JobState, reason: str, outcome: JobOutcome, verdict: Verdict | None) -> tuple[JobState, str]:
    """Lay over what the files say how the job ended, and what the gateway says of its calls."""
    if outcome.ending is Ending.STOPPED:
        return JobState.CANCELLED, reason
    if verdict is None:
        return state, reason
    return JobState.PARTIAL if state is JobState.SUCCEEDED else state, verdict.reason


def _deadline(planned: PlannedJob) -> float | None:
    limit_s = planned.job.limits.timeout_s
    return time.monotonic() + limit_s if limit_s else None


def _start(planned: PlannedJob, place: Placement, work: Workplace, deadline: float | None) -> JobOutcome:
    """Start the job, watch it to its end, and write down how it ended."""
    write_inputs(planned.job, place.folder)
    outcome = _run(planned, place, work, deadline)
    write_outcome(place.folder, outcome)
    return outcome


def _start_again(
    narrow: PlannedJob, death: Death, place: Placement, work: Workplace, deadline: float | None
) -> JobOutcome:
    """Start a job that died once more, without the data set that it died in."""
    work.observe(JobRestarted(narrow.id, death.dataset, death.reason))
    set_aside(place.folder)
    if narrow.evaluation.model.via == "in_job":  # what it had computed is known to the start after this one, too
        narrow = replace(narrow, job=with_past(narrow.job, place.folder / FIRST / OUTPUT))
    clock = Stopwatch()
    work.observe(JobChanged(narrow.id, JobState.PREPARING))
    try:
        work.serve_again(narrow)
        return _start(narrow, place, work, deadline)
    except (EngineError, GatewayError) as error:
        outcome = JobOutcome(Ending.LOST, None, None, str(error), clock.started_at, clock.now)
        write_outcome(place.folder, outcome)
        return outcome


def _run(planned: PlannedJob, place: Placement, work: Workplace, deadline: float | None) -> JobOutcome:
    handle = work.engine.submit(planned.job, work.environments[planned.job.image], place)
    try:
        write_atomic(place.folder / "handle.json", json.dumps(asdict(handle), indent=2) + "\n")
        work.observe(JobChanged(planned.id, JobState.RUNNING))
        return _watch(planned, handle, place.folder, work, deadline)
    except BaseException:
        with undisturbed():
            work.engine.stop(handle, Ending.STOPPED, "evaldock failed while the job ran")
        raise


def _watch(planned: PlannedJob, handle: Handle, folder: Path, work: Workplace, deadline: float | None) -> JobOutcome:
    tail = EventTail(folder / OUTPUT / EVENTS)
    vigil = Vigil(planned.job.limits.idle_s, (folder / "log.txt", folder / OUTPUT), count=work.calls)
    while True:
        outcome = work.engine.wait(handle, _POLL_S)
        _tell(planned.id, tail, work.observe)
        if outcome is not None:
            _tell(planned.id, tail, work.observe)
            return outcome
        if end := _end_of(planned, deadline, work) or _silence(planned, vigil):
            with undisturbed():
                return work.engine.stop(handle, *end)


def _end_of(planned: PlannedJob, deadline: float | None, work: Workplace) -> tuple[Ending, str] | None:
    """Return how and why a job that still runs is to be stopped now, None where it may go on."""
    if work.interrupted():
        return Ending.STOPPED, "stopped by the user"
    if broken := work.broken():
        return Ending.STOPPED, broken
    if deadline is not None and time.monotonic() > deadline:
        return Ending.TIMED_OUT, f"stopped after its time-out of {show_duration(planned.job.limits.timeout_s or 0)}"
    if planned.job.gateway and (loss := work.loss()):
        return Ending.FAILED, loss
    verdict = work.verdict(planned.id)
    return (Ending.FAILED, verdict.reason) if verdict and verdict.kind != "budget" else None


def _silence(planned: PlannedJob, vigil: Vigil) -> tuple[Ending, str] | None:
    if not vigil.is_over():
        return None
    silent = show_duration(planned.job.limits.idle_s or 0)
    return Ending.TIMED_OUT, f"no sign of life for {silent}, so it was stopped (resources.idle_timeout)"


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
    planned: PlannedJob, adapter: Adapter, folder: Path, outcome: JobOutcome, account: Account
) -> tuple[JobState, str, tuple[Result, ...]]:
    reason = reason_of(outcome, folder)
    try:
        if death := earlier_death(planned.evaluation, adapter, folder):
            reason = "; ".join(filter(None, (death.sentence, reason)))
            normalized = read_both(planned.evaluation, adapter, folder, death)
        else:
            normalized = read_output(planned.evaluation, adapter, folder / OUTPUT)
        normalized = account.lay_over(normalized)
        unjudged = keep(normalized, folder)
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
        reason = first_gap(normalized.results, unjudged)
    return state, reason, normalized.results


def _failed(
    planned: PlannedJob, environment: EnvironmentRecord, work: Workplace, reason: str, clock: Stopwatch
) -> JobReport:
    work.observe(JobChanged(planned.id, JobState.FAILED, reason))
    report = unrun(planned, JobState.FAILED, reason)
    return report.model_copy(
        update={"environment": environment, "started_at": clock.started_at, "ended_at": clock.now},
    )


def not_begun(planned: PlannedJob, reason: str, work: Workplace) -> JobReport:
    """Return the report of a job that could not be begun, after everybody has heard of it."""
    state = JobState.CANCELLED if work.interrupted() else JobState.FAILED
    work.observe(JobChanged(planned.id, state, reason))
    return unrun(planned, state, reason)


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
    """Return the job with the model's identity known exactly: with the digest of its weights."""
    model = replace(planned.evaluation.model, identity=identity)
    return replace(planned, evaluation=replace(planned.evaluation, model=model))
