"""Results under the ledger's account: which scores stand, which are withheld and why, and what is counted then."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hub.adapter import Normalized
from hub.job import Via
from hub.ledger import LedgerRow
from hub.overlay.account import Account, Calls, read_account
from hub.overlay.recount import Fates, recounted
from hub.overlay.samples import Laid, Located, locate
from hub.report import Result, SampleState
from hub.text import count_of

UNASKED = "the backend printed a score without asking the model"
_WITHOUT_SCORE = (SampleState.MODEL_ERROR, SampleState.INFRA_ERROR, SampleState.SKIPPED)
_NO_FATES = Fates()


class Judge(NamedTuple):
    """Who judges in a job, for ResultKey.judge, and what changed its requests and answers, for ResultKey.gateway."""

    identity: str = ""
    gateway: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Terms:
    """What of a job decides how the ledger is read.

    Attributes:
        start: the number of the job's last start.
        datasets: the labels under which its data sets ask.
        excludes_failures: as the adapter says.
        max_infra_errors: so many failures per data set leave its score shown.
        gateway: what changed the candidate's requests and answers on their way, for ResultKey.gateway.
        judge: the task's, where the job has one.
    """

    start: int
    via: Via
    datasets: tuple[str, ...]
    excludes_failures: bool
    max_infra_errors: int = 0
    gateway: tuple[dict[str, Any], ...] = ()
    judge: Judge = field(default_factory=Judge)


@dataclass(frozen=True)
class Ruling:
    """What the ledger means for one data set.

    Attributes:
        withheld: why its score is not shown; empty where it stands.
        entered: what the backend did with the samples that lost a call, where the score stands in spite of them.
        fates: of its samples that lost a call.
        by_subset: the same by subset; None where it is not known which samples those were.
        guesses: whether the backend makes do with something else where it has no verdict.
        unasked: the model never answered.
        key: what is known of the data set's ResultKey.
    """

    withheld: str = ""
    entered: str = "counted as wrong"
    fates: Fates = _NO_FATES
    by_subset: Mapping[str, Fates] | None = None
    guesses: bool = False
    unasked: bool = False
    key: Mapping[str, Any] = field(default_factory=dict)


def lay_over(normalized: Normalized, rows: Iterable[LedgerRow], terms: Terms) -> Normalized:
    """Return what the backend wrote, as far as the ledger bears it out; `rows` are read once, samples when iterated.

    A data set keeps its score if all its calls were answered, if the backend left out what was not
    (`terms.excludes_failures`) and counted it, or if no more failed than the task admits. Otherwise its metrics
    give way to a reason, and `backend_value` keeps the headline's literal. So it does where an endpoint's model was
    not asked at all. A failed call of the judge is one, too, but that no backend leaves its sample out: one that
    `excludes_failures` keeps its score then, and the sample is counted. A score that stands in spite of failures says
    so (`caveat`), and has no interval: that would be one of the line's luck, too.
    """
    account = read_account(rows, terms.start)
    located = locate(normalized.samples, account.lost_samples())
    by_dataset: dict[str, list[Result]] = defaultdict(list)
    for result in normalized.results:
        by_dataset[result.dataset].append(result)
    rulings = {dataset: _rule(found, account, located, terms) for dataset, found in by_dataset.items()}
    results = tuple(
        _laid(result, rulings[result.dataset], alone=_whole(by_dataset[result.dataset]) == [])
        for result in normalized.results
    )
    unasked = frozenset(dataset for dataset, ruling in rulings.items() if ruling.unasked)
    return Normalized(results, Laid(normalized.samples, account, unasked))


def _rule(results: Sequence[Result], account: Account, located: Located, terms: Terms) -> Ruling:
    dataset = results[0].dataset
    candidate = account.of("candidate", dataset, terms.datasets)
    judge = account.of("judge", dataset, terms.datasets)
    key = _key(judge, terms)
    if terms.via == "endpoint" and not candidate.answered and not candidate.lost:
        return Ruling(UNASKED, unasked=True, key=key)
    agreed = terms.excludes_failures and _agreed(results, candidate, located)
    entered = "and the backend did not leave them out" if terms.excludes_failures else "counted as wrong"
    lost = Calls(candidate.answered) if agreed else candidate  # what was left out and counted costs no score
    return Ruling(
        _withheld(results, lost, Calls() if terms.excludes_failures else judge, terms),
        entered,
        _fates(candidate, judge, agreed=agreed),
        _by_subset(dataset, candidate, judge, located, agreed=agreed),
        guesses=not terms.excludes_failures,
        key=key,
    )


def _key(judge: Calls, terms: Terms) -> Mapping[str, Any]:
    if not judge.answered and not judge.lost:
        return {"gateway": terms.gateway}
    changes = tuple({"judge": change} for change in terms.judge.gateway)
    return {"gateway": terms.gateway + changes, "judge": terms.judge.identity}


def _fates(candidate: Calls, judge: Calls, *, agreed: bool) -> Fates:
    """Return what became of samples that lost a call; `agreed`: those of the candidate were left out."""
    tried = candidate.fates(lambda lost: lost.tried)
    fallback = Counter({SampleState.JUDGE_FALLBACK: judge.fates().total()})
    if agreed:
        return Fates(fallback, tried, tried)
    return Fates(candidate.fates() + fallback, tried, candidate.fates(lambda lost: lost.tried and lost.left))


def _agreed(results: Sequence[Result], candidate: Calls, located: Located) -> bool:
    """Return whether the backend says of as many samples as lost a call that they have no score."""
    places = (located.get((results[0].dataset, lost.sample)) for lost in candidate.lost.values())
    scored = any(place.state is SampleState.SCORED for place in places if place)
    return not scored and candidate.fates().total() <= _told(results)


def _told(results: Sequence[Result]) -> int:
    return sum(getattr(part.counts, state.value) for part in _whole(results) or results for state in _WITHOUT_SCORE)


def _withheld(results: Sequence[Result], candidate: Calls, judge: Calls, terms: Terms) -> str:
    lost = len(candidate.lost) + len(judge.lost)
    if not lost or (candidate.answered and lost <= terms.max_infra_errors):
        return ""
    what = " and ".join(_loss(*part) for part in ((candidate, ""), (judge, " to the judge")) if part[0].lost)
    if terms.excludes_failures:
        told = count_of(_told(results), "sample")
        what = f"{what}, but the backend says that {told} had no answer"
    error = (candidate if candidate.lost else judge).most_frequent_error()
    return f"{what}, so what the backend made of them cannot be trusted: {error}"


def _loss(calls: Calls, whom: str) -> str:
    """Return how many calls were lost: `3 of its 100 requests failed`."""
    lost = len(calls.lost)
    refused = sum(call.fate is SampleState.SKIPPED for call in calls.lost.values())
    verb = "failed" if not refused else "were refused" if refused == lost else "failed or were refused"
    return f"{lost} of its {count_of(lost + calls.answered, 'request')}{whom} {verb}"


def _by_subset(
    dataset: str, candidate: Calls, judge: Calls, located: Located, *, agreed: bool
) -> Mapping[str, Fates] | None:
    """Return the fates by subset; None where it is not known whose they are, those apart that were left out."""
    found: dict[str, tuple[Calls, Calls]] = defaultdict(lambda: (Calls(), Calls()))
    for role, calls in enumerate((candidate, judge)):
        for call, lost in calls.lost.items():
            place = located.get((dataset, lost.sample))
            if place is not None:
                found[place.subset][role].lost[call] = lost
            elif calls is judge or not agreed:
                return None
    return {subset: _fates(*both, agreed=agreed) for subset, both in found.items()}


def _whole(results: Sequence[Result]) -> list[Result]:
    return [result for result in results if result.key.subset is None]


def _laid(result: Result, ruling: Ruling, *, alone: bool) -> Result:
    """Return one result under its data set's ruling; `alone`: no result stands for the whole data set."""
    result = result.model_copy(update={"key": result.key.model_copy(update=ruling.key)})
    fates, withheld = _share(result, ruling, alone=alone), ruling.withheld
    if result.key.subset is not None and ruling.by_subset is not None and not fates.scored:
        withheld = ""  # it is known that all its samples were answered
    result = result.model_copy(update={"counts": recounted(result.counts, fates)})
    if not result.metrics:
        return result
    if not withheld:
        return _with_caveat(result, _caveat(result, fates, ruling))
    printed = result.backend_value or result.metrics[0].raw.literal
    return result.model_copy(update={"metrics": (), "absent": withheld, "backend_value": printed})


def _caveat(result: Result, fates: Fates, ruling: Ruling) -> str:
    """Return what must be said beside a score that has failures in it, or may have; empty where it has none."""
    lost, unjudged = _lost(fates), fates.scored[SampleState.JUDGE_FALLBACK] if ruling.guesses else 0
    parts = [f"{_of(lost, result)} failed, {ruling.entered}"] if lost else []
    if not lost and ruling.by_subset is None and _lost(ruling.fates):
        parts = [f"some of the {_lost(ruling.fates)} that failed may be among these, {ruling.entered}"]
    if unjudged:
        parts.append(f"{_of(unjudged, result)} scored without the judge's verdict")
    return "; ".join(parts)


def _of(number: int, result: Result) -> str:
    planned = result.counts.planned
    return f"{number} of {planned}" if number <= planned else count_of(number, "request")


def _lost(fates: Fates) -> int:
    return sum(fates.scored[state] for state in _WITHOUT_SCORE)


def _with_caveat(result: Result, caveat: str) -> Result:
    if not caveat:
        return result
    no_interval = {"stderr": None, "ci95": None, "uncertainty_absent": f"{caveat}: not all of it is the model's"}
    metrics = tuple(metric.model_copy(update=no_interval) for metric in result.metrics)
    return result.model_copy(update={"metrics": metrics, "caveat": caveat})


def _share(result: Result, ruling: Ruling, *, alone: bool) -> Fates:
    """Return the fates that are this result's; where nobody knows whose they are, all may be."""
    if ruling.unasked:
        return Fates(Counter({SampleState.SKIPPED: result.counts.scored + result.counts.skipped}))
    if result.key.subset is None:
        return ruling.fates
    if ruling.by_subset is not None:
        of_its_own = (ruling.by_subset.get(name, _NO_FATES) for name in result.averages or (result.key.subset,))
        return sum(of_its_own, _NO_FATES)
    return ruling.fates if alone else _NO_FATES
