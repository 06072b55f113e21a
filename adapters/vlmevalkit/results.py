"""The results of a data set: its scores under our names, and how many samples met which fate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.vlmevalkit.contract import STATUS_FILE, VLMEVALKIT_VERSION
from adapters.vlmevalkit.intervals import deviation, wilson
from adapters.vlmevalkit.items import item
from adapters.vlmevalkit.samples import Answered, Answers, why_absent
from adapters.vlmevalkit.schemes import Scheme
from adapters.vlmevalkit.scores import Figure, figures, is_headline
from adapters.vlmevalkit.translate import generation, options_of
from hub.adapter import Evaluation
from hub.report import Counts, Metric, Raw, Result, ResultKey, Source

_NOT_THE_HEADLINE = "only the headline has an interval"
_NO_SUM = "what VLMEvalKit says of each sample does not add up to its score"
_NO_VERDICT = "the judge gave no verdict that VLMEvalKit could read on any of its answers"
_AVERAGE = "an average over subsets: theirs have intervals"


@dataclass(frozen=True)
class Reader:
    """What is known about one evaluation."""

    evaluation: Evaluation
    adapter_version: str

    def results(self, answers: Answers) -> list[Result]:
        """Return the result of a data set; of a compilation the average first, then every part."""
        entry = answers.one.entry
        if not entry.scheme.per:
            return [self._one(answers, "")]
        parts = [self._one(answers, part) for part in entry.tables]
        return [self._average(answers, parts), *parts]

    def _one(self, answers: Answers, part: str) -> Result:
        found, scheme = answers.found, answers.one.entry.scheme
        if not found.scored:
            return self._absent(answers, part, why_absent(answers))
        numbers = [_whole(figure, scheme, answers) for figure in _figures(answers, part)]
        numbers = [figure for figure in numbers if figure.key not in scheme.counted or figure.maximum]
        if not numbers or not (is_headline(numbers[0], scheme) or numbers[0].name in scheme.sums):
            reason = answers.one.entry.answers_only or f"VLMEvalKit wrote no {scheme.headline}"
            return self._absent(answers, part, reason)
        counts = _counts(answers, part)
        caveat = _caveat(counts, numbers, scheme)
        metrics = (*_metrics(answers, part, numbers, caveat), *_judged(answers, part))
        result = Result(
            dataset=found.label,
            key=self._key(answers, part),
            counts=counts,
            metrics=metrics,
            backend_value=numbers[0].literal,
            caveat=caveat,
        )
        withheld = _why_withheld(answers, part, counts)
        return result.model_copy(update={"metrics": (), "absent": withheld, "caveat": ""}) if withheld else result

    def _average(self, answers: Answers, parts: Sequence[Result]) -> Result:
        """Return the result over all parts; one that is missing is no smaller average, but none."""
        found = answers.found
        counts = _counts(answers, "")
        result = Result(dataset=found.label, key=self._key(answers, ""), counts=counts)
        gaps = [part for part in parts if not part.metrics]
        if gaps:
            what = "1 subset has" if len(gaps) == 1 else f"{len(gaps)} subsets have"
            absent = f"{what} no score ({gaps[0].key.subset}: {gaps[0].absent}), so there is no average"
            return result.model_copy(update={"absent": absent})
        heads = [part.metrics[0] for part in parts]
        mean = sum(float(head.raw.literal) for head in heads) / len(heads)
        source = Source(file=heads[0].source.file, key=f"mean of {answers.one.entry.scheme.column} over data sets")
        raw = Raw(literal=repr(mean), unit=heads[0].raw.unit, maximum=heads[0].raw.maximum)
        metric = Metric(name=heads[0].name, raw=raw, value=mean, uncertainty_absent=_AVERAGE, source=source)
        return result.model_copy(
            update={"metrics": (metric,), "backend_value": raw.literal, "caveat": _unjudged(counts)}
        )

    def _absent(self, answers: Answers, part: str, reason: str) -> Result:
        counts = _counts(answers, part)
        skipped = counts.scored + counts.judge_fallback
        counts = counts.model_copy(update={"scored": 0, "judge_fallback": 0, "unparsed": 0, "skipped": skipped})
        return Result(dataset=answers.found.label, key=self._key(answers, part), counts=counts, absent=reason)

    def _key(self, answers: Answers, part: str) -> ResultKey:
        one, fields = answers.one, answers.found.entry
        return ResultKey(
            benchmark=one.request.label if one.entry.own else one.entry.name,
            subset=part or None,
            split=one.entry.split,
            scoring=one.reader or "generate",
            prompt=_fingerprint(fields.get("prompt")),
            data=_fingerprint(fields.get("data")),
            limit=one.limit,
            generation={**generation(one, self.evaluation), **self._protocol()},
            seed=self.evaluation.seed,
            model=self.evaluation.model.identity,
            backend=self.evaluation.backend,
            backend_version=VLMEVALKIT_VERSION,
            adapter_version=self.adapter_version,
        )

    def _protocol(self) -> dict[str, Any]:
        """Return what else of a request changes answers."""
        options = options_of(self.evaluation)
        if self.evaluation.model.via == "in_job":
            return {"known_as": options.known_as}
        found = {"image_size": options.image_size, "system_prompt": options.system_prompt or None}
        stated = {name: value for name, value in found.items() if value is not None}
        return {"image_detail": options.image_detail, **stated}


def _figures(answers: Answers, part: str) -> list[Figure]:
    return figures(answers.found, answers.output, answers.one.entry.scheme, answers.one.reader, part)


def _whole(figure: Figure, scheme: Scheme, answers: Answers) -> Figure:
    """Return a figure with the maximum that only the number of rows tells."""
    maximum = figure.maximum
    if figure.key in scheme.counted:
        categories = scheme.counted[figure.key]
        maximum = sum(not categories or one.row.get("category") in categories for one in answers.all) or None
    elif answers.found.planned == scheme.whole.get(figure.key):
        maximum = 100.0
    return Figure(figure.name, figure.literal, figure.unit, maximum, figure.file, figure.key, figure.row)


def _metrics(answers: Answers, part: str, numbers: Sequence[Figure], caveat: str) -> Iterator[Metric]:
    for place, figure in enumerate(numbers):
        sure = _uncertainty(answers, part, figure) if place == 0 else {"uncertainty_absent": _NOT_THE_HEADLINE}
        if place == 0 and caveat:
            sure = {"uncertainty_absent": f"{caveat}: not all of it is the model's"}
        yield Metric(
            name=figure.name,
            raw=Raw(literal=figure.literal, unit=figure.unit, maximum=figure.maximum),
            value=figure.value,
            source=Source(file=figure.file, key=figure.key),
            **sure,
        )


def _caveat(counts: Counts, numbers: Sequence[Figure], scheme: Scheme) -> str:
    """Return what must be said beside a score in which verdicts are missing."""
    return _unjudged(counts) or _unrated(numbers, scheme)


def _unjudged(counts: Counts) -> str:
    lost = counts.judge_fallback
    return f"{lost} of {counts.planned} scored without the judge's verdict" if lost else ""


def _unrated(numbers: Sequence[Figure], scheme: Scheme) -> str:
    """Return what must be said where ratings are missing, of which VLMEvalKit keeps nothing else."""
    for figure in numbers:
        if scheme.rated in figure.row and is_headline(figure, scheme) and figure.value != numbers[0].value:
            return f"the judge did not rate some answers, which count as 0; without them it is {figure.literal}"
    return ""


def _uncertainty(answers: Answers, part: str, headline: Figure) -> dict[str, Any]:
    """Return error and interval where the headline is the mean of right and wrong answers, else why not."""
    scheme = answers.one.entry.scheme
    if scheme.no_interval:
        return {"uncertainty_absent": scheme.no_interval}
    scores = _scores(answers, part, headline)
    share = sum(scores) / len(scores) if scores else None
    if share is None or headline.value is None or abs(share - headline.value) > 1e-9 or set(scores) - {0.0, 1.0}:
        return {"uncertainty_absent": _NO_SUM}
    if len(scores) < 2:
        return {"uncertainty_absent": "needs at least 2 scored samples"}
    return {"stderr": deviation(share, len(scores)), "ci95": wilson(share, len(scores))}


def _scores(answers: Answers, part: str, headline: Figure) -> list[float]:
    """Return the scores of the samples that the headline is about: those of its split, where it is about one."""
    items = answers.one.entry.scheme.items
    rows = answers.item_rows(part) if items else []
    inside = [row for row in rows if row.get("split", "") in headline.row]
    found = [item(items.kind, row).score for row in inside or rows] if items else []
    return [score for score in found if score is not None]


def _judged(answers: Answers, part: str) -> Iterator[Metric]:
    """Yield how many answers the judge read, where VLMEvalKit reads what it can without one."""
    judged, planned = answers.found.entry.get("judged"), answers.found.planned
    if part or judged is None or answers.one.reader != "judge" or not planned:
        return
    yield Metric(
        name="judged",
        raw=Raw(literal=str(judged), unit="count", maximum=float(planned)),
        value=judged / planned,
        uncertainty_absent="a count of answers",
        source=Source(file=STATUS_FILE, key=f"datasets.{answers.found.file}.judged"),
    )


def _counts(answers: Answers, part: str) -> Counts:
    rows = answers.of(part)
    planned = len(rows) if part else max(answers.found.planned, len(rows))
    failed = len([one for one in rows if one.failure]) if part else _failed(answers)
    guessed = 0 if part else int(answers.found.entry.get("guessed") or 0)
    unjudged = max(sum(_is_read(one) and one.item.unjudged for one in rows), guessed)
    unjudged = min(unjudged, planned - failed)
    return Counts(
        planned=planned,
        scored=planned - failed - unjudged,
        infra_error=failed,
        judge_fallback=unjudged,
        unparsed=sum(_is_read(one) and one.item.unread for one in rows),
    )


def _is_read(one: Answered) -> bool:
    return one.failure is None


def _failed(answers: Answers) -> int:
    """Return how many samples lost their request; a job that died wrote no row of them."""
    return min(len(answers.output.failures.get(answers.found.label, {})), answers.found.planned or len(answers.all))


def _why_withheld(answers: Answers, part: str, counts: Counts) -> str:
    """Return why a score of failures, or of chance, is none, whatever the ledger says and the task admits."""
    failed = [one.failure for one in answers.of(part) if one.failure]
    unseen = [failure.error for failure in failed if not failure.seen]
    if unseen:
        return f"{len(unseen)} of its {len(answers.of(part))} requests never reached the gateway: {unseen[0]}"
    if failed and len(failed) == len(answers.of(part)):
        return f"no request was answered: {failed[0].error}"
    if unheard := answers.output.unheard.get(answers.found.label):
        return f"{len(unheard)} of the requests to the judge never reached the gateway: {unheard[0]}"
    return _NO_VERDICT if counts.judge_fallback and not counts.scored else ""


def _fingerprint(digest: object) -> str:
    return f"sha256:{str(digest)[:16]}" if digest else ""
