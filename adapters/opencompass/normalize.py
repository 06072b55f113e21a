"""Read what OpenCompass wrote into Results and Samples: its own literals, and what the runner says of each part."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.opencompass.averages import Mean, average, means_of_all
from adapters.opencompass.catalog import Entry
from adapters.opencompass.contract import EXPERIMENT, OPENCOMPASS_VERSION
from adapters.opencompass.details import share_right, verdicts
from adapters.opencompass.figures import Figure, deviation, figures, wilson
from adapters.opencompass.names import file_name
from adapters.opencompass.output import Failure, Output, PartOutput
from adapters.opencompass.samples import Samples
from adapters.opencompass.shipped import counts_right_answers, groups_of, may_favour_no_answer
from adapters.opencompass.translate import Wanted, task_of, wanted
from hub.adapter import Evaluation, Normalized
from hub.files import blaming, output_reader
from hub.report import Counts, Metric, Raw, Result, ResultKey, Source

_NO_VERDICTS = "OpenCompass says nothing about each sample that adds up to its score"


def normalize(evaluation: Evaluation, output: Path, *, adapter_version: str) -> Normalized:
    """Return the results of every data set of the evaluation, and its samples (read when iterated).

    Raises:
        NormalizeError: nothing at all was written, or a file is not what OpenCompass and the runner write.
    """
    folder = Output(output_reader(output), file_name(evaluation.model.name))
    with blaming("OpenCompass"):
        parts = _parts(evaluation, folder)
        reader = _Reader(evaluation, folder, adapter_version)
        results = []
        for request in evaluation.datasets:
            mine = [part for part in parts if part.label == request.label]
            results += reader.results(wanted(request), mine)
    return Normalized(tuple(results), Samples(tuple(parts), folder))


def _parts(evaluation: Evaluation, folder: Output) -> list[PartOutput]:
    """Return every part that was planned, or that the user's own configuration turned out to hold."""
    found = []
    known = folder.status["parts"]
    for dataset, request in zip(task_of(evaluation).datasets, evaluation.datasets, strict=True):
        one = wanted(request)
        entry = one.entry
        files = {part.file: part.subset for part in dataset.parts}
        if entry is None:
            own = {file: fields for file, fields in known.items() if _is_of(request.label, file, fields)}
            files = {file: str(fields.get("subset", "")) for file, fields in own.items()}
        for file, subset in files.items():
            shown = subset or (entry.subset if entry else None)
            fields = known.get(file, {})
            found.append(PartOutput(request.label, file, shown, fields, _evaluators(one, fields)))
    return found


def _evaluators(one: Wanted, fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Return who scored a part: as the job says, else (it was of an older evaldock) as its configuration does."""
    if fields.get("evaluator"):
        return (str(fields["evaluator"]),)
    return one.config.evaluators if one.config else ()


def _is_of(label: str, file: str, fields: Mapping[str, Any]) -> bool:
    # A job that was made to lie about its files leads nowhere else.
    return bool(fields.get("dataset") == label and file == file_name(file))


@dataclass(frozen=True)
class _Reader:
    """What is known about one evaluation's output."""

    evaluation: Evaluation
    folder: Output
    adapter_version: str

    def results(self, one: Wanted, parts: Sequence[PartOutput]) -> list[Result]:
        """Return the averages first, where there are several parts, then every part."""
        if not parts:
            return [self._absent(one, PartOutput(one.request.label, "", None, {}))]
        found = [self._part(one, part) for part in parts]
        if len(parts) < 2 or one.entry is None:
            return found
        return [*self._averages(one, one.entry, parts, found), *found]

    def _averages(
        self, one: Wanted, entry: Entry, parts: Sequence[PartOutput], found: Sequence[Result]
    ) -> Iterator[Result]:
        """Yield the average over all parts, then those over subjects that OpenCompass's own summaries show."""
        place = f"{EXPERIMENT}/results/{self.folder.model}"
        key = self._key(one, None)
        yield average(found, key, means_of_all(entry, parts), place)
        by_subset = {str(part.subset): result for part, result in zip(parts, found, strict=True)}
        for name, subsets in groups_of(entry, tuple(by_subset)).items():
            mine = [by_subset[subset] for subset in subsets]
            made = average(mine, key.model_copy(update={"subset": name}), (Mean(entry.metric),), place)
            yield made.model_copy(update={"averages": subsets})

    def _part(self, one: Wanted, part: PartOutput) -> Result:
        if not part.scored:
            return self._absent(one, part)
        failed = self.folder.failures.get(part.file, {})
        content = self.folder.result(part.file)
        numbers = figures(content)
        if not numbers:
            return self._absent(one, part, f"OpenCompass wrote no number: {_short(content)}")
        said = verdicts(content.get("details"))
        counts = Counts(
            planned=part.planned,
            scored=part.planned - len(failed),
            infra_error=len(failed),
            unparsed=sum(verdict.answer == "" for index, verdict in said.items() if int(index) not in failed),
        )
        share = share_right(said, part, numbers[0])
        why = _why_no_interval(part, failed, numbers[0], share)
        head = self._metric(part, numbers[0], share, why)
        metrics = (head, *(self._metric(part, figure, None, _no_share(figure)) for figure in numbers[1:]))
        result = Result(
            dataset=part.label,
            key=self._key(one, part),
            counts=counts,
            metrics=metrics,
            backend_value=numbers[0].literal,
        )
        withheld = _why_withheld(part, failed)
        return result.model_copy(update={"metrics": (), "absent": withheld}) if withheld else result

    def _metric(self, part: PartOutput, figure: Figure, share: float | None, why_no_interval: str) -> Metric:
        known = share if not why_no_interval else None
        return Metric(
            name=figure.name,
            raw=Raw(literal=figure.literal, unit=figure.unit, maximum=figure.maximum),
            value=figure.value,
            stderr=None if known is None else deviation(known, part.planned),
            ci95=None if known is None else wilson(known, part.planned),
            uncertainty_absent=why_no_interval,
            higher_is_better=figure.higher_is_better,
            source=Source(file=self.folder.place("results", part.file), key=figure.name),
        )

    def _absent(self, one: Wanted, part: PartOutput, reason: str = "") -> Result:
        failed = len(self.folder.failures.get(part.file, {}))
        counts = Counts(planned=part.planned, infra_error=failed, skipped=max(0, part.planned - failed))
        return Result(dataset=part.label, key=self._key(one, part), counts=counts, absent=reason or part.why_not)

    def _key(self, one: Wanted, part: PartOutput | None) -> ResultKey:
        request, entry = one.request, one.entry
        fields = part.entry if part else {}
        config = next(d.config for d in task_of(self.evaluation).datasets if d.label == request.label)
        shots = fields.get("few_shot") if one.few_shot is None else one.few_shot
        subset = part.subset if part else None
        return ResultKey(
            benchmark=entry.benchmark if entry else request.label,
            subset=subset,
            split=(entry.split if entry else "") or "",
            few_shot=None if shots is None else int(shots),
            scoring=one.way,
            prompt=_fingerprint(fields.get("prompt")),
            data=_fingerprint(fields.get("data")),
            limit=one.limit,
            generation=self._generation(one, fields) if one.way == "generate" else {},
            seed=self.evaluation.seed,
            model=self.evaluation.model.identity,
            backend=self.evaluation.backend,
            backend_version=f"{OPENCOMPASS_VERSION}/{config.rpartition('/')[2]}",
            adapter_version=self.adapter_version,
        )

    def _generation(self, one: Wanted, fields: Mapping[str, Any]) -> dict[str, Any]:
        model = self.folder.status.get("model", {})
        protocol = {name: model[name] for name in ("chat", "turns", "max_seq_len") if name in model}
        longest = {"max_tokens": fields["max_tokens"]} if fields.get("max_tokens") is not None else {}
        return {"temperature": 0.0, **longest, **one.request.generation, **protocol}


def _why_no_interval(part: PartOutput, failed: Mapping[int, Failure], figure: Figure, share: float | None) -> str:
    """Return why a headline has no interval; empty where it has one."""
    if failed:
        return f"{len(failed)} of {part.planned} failed, counted as wrong: not all of it is the model's"
    if not counts_right_answers(part.evaluators):
        return _no_share(figure)
    if share is None:
        return _NO_VERDICTS
    return "needs at least 2 scored samples" if part.planned < 2 else ""


def _no_share(figure: Figure) -> str:
    return f"{figure.name} is not known to be a share of right answers"


def _why_withheld(part: PartOutput, failed: Mapping[int, Failure]) -> str:
    """Return why a score that counts empty answers as wrong is none, whatever the ledger says and the task admits."""
    unseen = [failure.error for failure in failed.values() if not failure.seen]
    if unseen:
        return f"{len(unseen)} of its {part.planned} requests never reached the gateway: {unseen[0]}"
    if len(failed) == part.planned:
        return f"no request was answered: {next(iter(failed.values())).error}"
    if failed and may_favour_no_answer(part.evaluators):
        what = f"{len(failed)} of its {part.planned} requests failed"
        return f"{what}, and OpenCompass takes no answer for the nearest option"
    return ""


def _short(content: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in content.items() if key != "details"})[:200]


def _fingerprint(digest: object) -> str:
    return f"sha256:{str(digest)[:16]}" if digest else ""
