"""Compare what two backends made of the same questions, from the samples of their jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, product
from typing import NamedTuple

from hub.agreement.questions import same_questions
from hub.outcome import Outcomes
from hub.report import Agreement, Answered, Disagreement, JobReport, Measured, Report, Sample, SampleState

Read = Callable[[str], Iterable[tuple[int, Sample]]]
_LONGEST = 240  # characters of a question or an answer in the report


class _Asked(NamedTuple):
    """One scored sample: its place, its question as it was asked, and whether the answer was right."""

    line: int
    sample: Sample
    question: str
    right: bool


class _Pair(NamedTuple):
    """Two jobs' data sets that measure one benchmark on one model."""

    benchmark: str
    jobs: tuple[JobReport, JobReport]
    datasets: tuple[str, str]


def agreements(report: Report, read: Read) -> Iterator[Agreement]:
    """Yield how far every two backends agree that measured one benchmark on one model.

    `read` returns the samples of a job by its id, each with its line. Samples without a score are left out; a
    benchmark whose scores are more than right and wrong (a share of words, a judge's marks) is compared by nobody.
    """
    outcomes = Outcomes(report)
    for pair in _pairs(report):
        sides = [_asked(outcomes, job.id, name, read) for job, name in zip(pair.jobs, pair.datasets, strict=True)]
        first, second = (side if side is not None else [] for side in sides)
        if first and second:
            yield _agreement(pair, first, second)


def _pairs(report: Report) -> Iterator[_Pair]:
    for first, second in combinations(report.jobs, 2):
        if first.model != second.model or first.backend == second.backend:
            continue
        mine, theirs = _measured(first), _measured(second)
        for benchmark in (name for name in mine if name in theirs):
            for names in product(mine[benchmark], theirs[benchmark]):
                yield _Pair(benchmark, (first, second), names)


def _measured(job: JobReport) -> dict[str, list[str]]:
    """Return the data sets that have a number, by the benchmark that they are."""
    found: dict[str, list[str]] = {}
    for result in job.results:
        names = found.setdefault(result.key.benchmark, [])
        if result.metrics and result.dataset not in names:
            names.append(result.dataset)
    return found


def _asked(outcomes: Outcomes, job: str, dataset: str, read: Read) -> list[_Asked] | None:
    """Return the questions of a data set that were scored, None where one was scored neither right nor wrong."""
    found = []
    for line, sample in read(job):
        if sample.dataset != dataset or sample.state is not SampleState.SCORED:
            continue
        outcome = outcomes.outcome(job, sample)
        if outcome not in {"right", "wrong"}:
            return None
        found.append(_Asked(line, sample, _question(sample), outcome == "right"))
    return found


def _question(sample: Sample) -> str:
    """Return the text of what was asked last: the turns before it are the worked examples of a chat."""
    if isinstance(sample.prompt, str):
        return sample.prompt
    users = [message for message in sample.prompt if message.get("role") == "user"]
    content = users[-1].get("content") if users else ""
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")


def _agreement(pair: _Pair, first: list[_Asked], second: list[_Asked]) -> Agreement:
    subsets = {asked.sample.subset for asked in first} & {asked.sample.subset for asked in second}
    if subsets:
        first, second = ([asked for asked in side if asked.sample.subset in subsets] for side in (first, second))
    matched = list(_matched(first, second))
    apart = [(mine, other) for mine, other in matched if mine.right is not other.right]
    fates = Counter((mine.right, other.right) for mine, other in matched)
    sides = [
        Measured(job=job.id, dataset=name, unmatched=len(side) - len(matched))
        for job, name, side in zip(pair.jobs, pair.datasets, (first, second), strict=True)
    ]
    return Agreement(
        benchmark=pair.benchmark,
        model=pair.jobs[0].model,
        first=sides[0],
        second=sides[1],
        subsets=tuple(sorted(subsets - {""})),
        matched=len(matched),
        both=fates[True, True],
        only_first=fates[True, False],
        only_second=fates[False, True],
        neither=fates[False, False],
        same_answer=sum(_same(mine.sample, other.sample) for mine, other in apart),
        p_value=mcnemar(fates[True, False], fates[False, True]),
        disagreements=tuple(
            Disagreement(
                question=_short(min(mine.question, other.question, key=len)),  # the one with less around it
                first=_answered(mine),
                second=_answered(other),
            )
            for mine, other in apart
        ),
    )


def _matched(first: list[_Asked], second: list[_Asked]) -> Iterator[tuple[_Asked, _Asked]]:
    """Yield the questions that both asked: subset by subset, where both name their subsets alike."""
    named = {asked.sample.subset for asked in first} == {asked.sample.subset for asked in second}
    for subset in dict.fromkeys(asked.sample.subset for asked in first) if named else (None,):
        mine, theirs = ([a for a in side if subset in {None, a.sample.subset}] for side in (first, second))
        for here, there in same_questions([a.question for a in mine], [a.question for a in theirs]):
            yield mine[here], theirs[there]


def mcnemar(only_first: int, only_second: int) -> float | None:
    """Return the two-sided p-value of McNemar's exact test; None where the two disagree on nothing.

    Twice the tail of a binomial distribution with probability 1/2, at most 1 (McNemar, Psychometrika 1947).
    """
    total = only_first + only_second
    if not total:
        return None
    tail = ways = 1
    for chosen in range(min(only_first, only_second)):
        ways = ways * (total - chosen) // (chosen + 1)
        tail += ways
    return min(1.0, 2 * tail / (1 << total))


def _same(mine: Sample, other: Sample) -> bool:
    said = mine.prediction.strip()
    return bool(said) and said == other.prediction.strip()


def _answered(asked: _Asked) -> Answered:
    said = asked.sample.prediction if asked.sample.answer is None else asked.sample.answer
    return Answered(id=asked.sample.id, line=asked.line, answer=_short(said), right=asked.right)


def _short(text: str) -> str:
    """Return the end of a text on one line: what a prompt asks and what an answer concludes stand there."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"... {line[-_LONGEST:]}"
