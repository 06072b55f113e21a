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
from hub.overlay.samples import Laid, Located, locate
from hub.report import Counts, Result, SampleState
from hub.text import count_of

UNASKED = "the backend printed a score without asking the model"
_WITHOUT_SCORE = (SampleState.MODEL_ERROR, SampleState.INFRA_ERROR, SampleState.SKIPPED)
# What a backend calls one it may call by the other's name; neither is counted twice.
_ALIKE = ((SampleState.INFRA_ERROR, SampleState.MODEL_ERROR), (SampleState.SKIPPED,), (SampleState.JUDGE_FALLBACK,))
_NO_FATES: Counter[SampleState] = Counter()


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
        fates: of its samples that lost a call.
        by_subset: the same by subset; None where it is not known which samples those were.
        unasked: the model never answered.
        key: what is known of the data set's ResultKey.
    """

    withheld: str = ""
    fates: Counter[SampleState] = field(default_factory=Counter)
    by_subset: Mapping[str, Counter[SampleState]] | None = None
    unasked: bool = False
    key: Mapping[str, Any] = field(default_factory=dict)


def lay_over(normalized: Normalized, rows: Iterable[LedgerRow], terms: Terms) -> Normalized:
    """Return what the backend wrote, as far as the ledger bears it out; `rows` are read once, samples when iterated.

    A data set keeps its score if all its calls were answered, if the backend left out what was not
    (`terms.excludes_failures`) and counted it, or if no more failed than the task admits. Otherwise its metrics
    give way to a reason, and `backend_value` keeps the headline's literal. So it does where an endpoint's model was
    not asked at all. A failed call of the judge is one, too, but that no backend leaves its sample out: one that
    `excludes_failures` keeps its score then, and the sample is counted.
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
    if terms.excludes_failures and _agreed(results, candidate, located):
        candidate = Calls(candidate.answered)  # left out and counted: nothing is to be added
    fates = candidate.fates() + Counter({SampleState.JUDGE_FALLBACK: judge.fates().total()})
    withheld = _withheld(results, candidate, Calls() if terms.excludes_failures else judge, terms)
    return Ruling(withheld, fates, _by_subset(dataset, candidate, judge, located), key=key)


def _key(judge: Calls, terms: Terms) -> Mapping[str, Any]:
    if not judge.answered and not judge.lost:
        return {"gateway": terms.gateway}
    changes = tuple({"judge": change} for change in terms.judge.gateway)
    return {"gateway": terms.gateway + changes, "judge": terms.judge.identity}


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
    dataset: str, candidate: Calls, judge: Calls, located: Located
) -> Mapping[str, Counter[SampleState]] | None:
    found: dict[str, Counter[SampleState]] = defaultdict(Counter)
    for calls, fate in ((candidate, None), (judge, SampleState.JUDGE_FALLBACK)):
        known = {lost.sample: fate or lost.fate for lost in calls.lost.values()}
        for sample, became in known.items():
            place = located.get((dataset, sample))
            if place is None:
                return None
            found[place.subset][became] += 1
    return found


def _whole(results: Sequence[Result]) -> list[Result]:
    return [result for result in results if result.key.subset is None]


def _laid(result: Result, ruling: Ruling, *, alone: bool) -> Result:
    """Return one result under its data set's ruling; `alone`: no result stands for the whole data set."""
    result = result.model_copy(update={"key": result.key.model_copy(update=ruling.key)})
    fates, withheld = _share(result, ruling, alone=alone), ruling.withheld
    if result.key.subset is not None and ruling.by_subset is not None and not fates:
        withheld = ""  # it is known that all its samples were answered
    result = result.model_copy(update={"counts": _recounted(result.counts, fates)})
    if not withheld or not result.metrics:
        return result
    printed = result.backend_value or result.metrics[0].raw.literal
    return result.model_copy(update={"metrics": (), "absent": withheld, "backend_value": printed})


def _share(result: Result, ruling: Ruling, *, alone: bool) -> Counter[SampleState]:
    """Return the fates that are this result's; where nobody knows whose they are, all may be."""
    if ruling.unasked:
        return Counter({SampleState.SKIPPED: result.counts.scored + result.counts.skipped})
    if result.key.subset is None:
        return ruling.fates
    if ruling.by_subset is not None:
        return ruling.by_subset.get(result.key.subset, _NO_FATES)
    return ruling.fates if alone else _NO_FATES


def _recounted(counts: Counts, fates: Counter[SampleState]) -> Counts:
    """Return the counts with samples moved from `scored` to their fates, but for those that stand there already."""
    scored, changes = counts.scored, {}
    for alike in _ALIKE:
        untold = sum(fates[state] - getattr(counts, state.value) for state in alike)
        for state in alike:
            moved = min(scored, max(0, untold), fates[state])
            scored, untold = scored - moved, untold - moved
            changes[state.value] = getattr(counts, state.value) + moved
    return counts.model_copy(update={**changes, "scored": scored})
