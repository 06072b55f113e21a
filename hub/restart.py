"""A job that died is started once more without the data set it died in: which that was, and what is read from where.

One process evaluates all data sets of a job (`isolate: job`), so one that needs too much memory, trips the backend or
hangs takes the others with it. Where others remain, the job is therefore started a second time without it, as the
gateway's next session; what the first start left moves to first/ in its folder. There is no third start.

Where a job died is read from its events: the data set that it told of last and had not finished; before any progress,
the first one planned. Then every data set is read from one place:

- those that were finished, as far as their output can be read: from first/, and not evaluated again;
- the one it died in: what counts and samples there are, from first/; the reason stands in the place of a score;
- the others: from the second start.

All this is decided from the folder alone, so that whoever reads a job again, reads the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from hub.adapter import Adapter, DatasetRequest, Evaluation, Normalized
from hub.errors import NormalizeError
from hub.job import Ending, JobOutcome
from hub.jobevents import failure, whereabouts
from hub.plan import PlannedJob
from hub.reading import EVENTS, FIRST, OUTPUT, read_outcome, read_output, reason_of
from hub.removal import remove_what_can_be
from hub.report import Counts, Result, ResultKey, Sample

# What a start leaves in the job's folder; inputs are written anew.
_LEFT = ("input", OUTPUT, "log.txt", "outcome.json", "handle.json")
_DEATHS = {Ending.FAILED, Ending.SIGNALLED, Ending.OUT_OF_MEMORY, Ending.LOST, Ending.TIMED_OUT}


@dataclass(frozen=True)
class Death:
    """How the first start ended.

    Attributes:
        dataset: label of the data set it died in.
        reason: why, for the user.
        kept: labels of those that it finished and whose results stand.
        left: labels of those that the second start is for; at least one.
    """

    dataset: str
    reason: str
    kept: tuple[str, ...]
    left: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Return why a data set is missing in the job."""
        return f"{self.dataset} was left out, because the job ended in it: {self.reason}"


def death_of(evaluation: Evaluation, adapter: Adapter, outcome: JobOutcome, folder: Path) -> Death | None:
    """Return how a start ended that is to be repeated without a data set; None where there is nothing to repeat.

    A backend that gave up on purpose, and said why, has decided; so has one that ended before its first data set, or
    in its last.
    """
    events = folder / OUTPUT / EVENTS
    if outcome.ending not in _DEATHS or (outcome.ending is Ending.FAILED and failure(events)):
        return None
    labels = tuple(request.label for request in evaluation.datasets)
    at = whereabouts(events, labels)
    if at.dataset is None:
        return None
    kept = _scored(_narrowed(evaluation, at.finished), adapter, folder / OUTPUT)
    left = tuple(label for label in labels if label != at.dataset and label not in kept)
    return Death(at.dataset, reason_of(outcome, folder), kept, left) if left else None


def set_aside(folder: Path) -> None:
    """Move what the first start left to first/."""
    first = folder / FIRST
    first.mkdir()
    for name in _LEFT:
        if (folder / name).exists():
            (folder / name).replace(first / name)


def forget(folder: Path) -> None:
    """Remove what an earlier run of the job had set aside."""
    remove_what_can_be(folder / FIRST)


def narrowed(planned: PlannedJob, adapter: Adapter, labels: tuple[str, ...]) -> PlannedJob:
    """Return the job for some of its data sets; it still sees the data of all."""
    evaluation = _narrowed(planned.evaluation, labels)
    job = replace(planned.job, command=adapter.command(evaluation), files=adapter.translate(evaluation))
    return replace(planned, evaluation=evaluation, job=job)


def earlier_death(evaluation: Evaluation, adapter: Adapter, folder: Path) -> Death | None:
    """Return the death after which the job in `folder` was started again; None where it was started once."""
    outcome = read_outcome(folder / FIRST)
    return death_of(evaluation, adapter, outcome, folder / FIRST) if outcome else None


def read_both(evaluation: Evaluation, adapter: Adapter, folder: Path, death: Death) -> Normalized:
    """Return the results of both starts in the order of the data sets; what cannot be read is absent, with why."""
    parts = (
        _read(_narrowed(evaluation, death.kept), adapter, folder / FIRST / OUTPUT),
        _withheld(_read(_narrowed(evaluation, (death.dataset,)), adapter, folder / FIRST / OUTPUT), death),
        _read(_narrowed(evaluation, death.left), adapter, folder / OUTPUT),
    )
    order = [request.label for request in evaluation.datasets]
    results = sorted(
        (result for part in parts for result in part.results), key=lambda found: order.index(found.dataset)
    )
    labels = (death.kept, (death.dataset,), death.left)
    samples = tuple(_Some(part.samples, frozenset(names)) for part, names in zip(parts, labels, strict=True))
    return Normalized(tuple(results), _Chain(samples))


@dataclass(frozen=True)
class _Some:
    """The samples of some data sets: an adapter may yield more than it was asked for."""

    samples: Iterable[Sample]
    labels: frozenset[str]

    def __iter__(self) -> Iterator[Sample]:
        return (sample for sample in self.samples if sample.dataset in self.labels)


@dataclass(frozen=True)
class _Chain:
    """Samples one part after the other, as often as they are asked for."""

    parts: tuple[Iterable[Sample], ...]

    def __iter__(self) -> Iterator[Sample]:
        return (sample for part in self.parts for sample in part)


def _narrowed(evaluation: Evaluation, labels: Iterable[str]) -> Evaluation:
    wanted = set(labels)
    return replace(evaluation, datasets=tuple(part for part in evaluation.datasets if part.label in wanted))


def _scored(evaluation: Evaluation, adapter: Adapter, output: Path) -> tuple[str, ...]:
    """Return the labels of the data sets whose every result has its score."""
    found = _read(evaluation, adapter, output).results
    scored = {result.dataset for result in found} - {result.dataset for result in found if not result.metrics}
    return tuple(part.label for part in evaluation.datasets if part.label in scored)


def _read(evaluation: Evaluation, adapter: Adapter, output: Path) -> Normalized:
    """Return what can be read; results without metrics that say why, where nothing can."""
    if not evaluation.datasets:
        return Normalized(())
    try:
        return read_output(evaluation, adapter, output)
    except NormalizeError as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001 - a job that died can have left anything
        reason = f"its output cannot be read: {type(error).__name__}: {error}"
    return Normalized(tuple(_absent(evaluation, request, reason) for request in evaluation.datasets))


def _absent(evaluation: Evaluation, request: DatasetRequest, reason: str) -> Result:
    key = ResultKey(
        benchmark=request.name,
        few_shot=request.few_shot or 0,
        limit=request.limit,
        generation=dict(request.generation),
        seed=evaluation.seed,
        model=evaluation.model.identity,
        backend=evaluation.backend,
    )
    return Result(dataset=request.label, key=key, counts=Counts(), absent=reason)


def _withheld(normalized: Normalized, death: Death) -> Normalized:
    results = tuple(
        result.model_copy(update={"metrics": (), "absent": f"the job ended in it: {death.reason}"})
        for result in normalized.results
    )
    return replace(normalized, results=results)
