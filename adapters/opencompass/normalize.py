"""Read what OpenCompass wrote into Results and Samples: its own literals, and what the runner says of each part."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.opencompass.catalog import Entry
from adapters.opencompass.contract import EXPERIMENT, OPENCOMPASS_VERSION
from adapters.opencompass.details import Verdict, is_right, share_right, verdicts
from adapters.opencompass.figures import Figure, deviation, figures, mean, wilson
from adapters.opencompass.names import file_name
from adapters.opencompass.output import Failure, Output, OutputError, PartOutput, Read
from adapters.opencompass.translate import Wanted, task_of, wanted
from hub.adapter import Evaluation, Normalized
from hub.errors import NormalizeError
from hub.files import open_untrusted
from hub.report import Counts, Metric, Raw, Result, ResultKey, Sample, SampleState, Source

_ROLES = {"HUMAN": "user", "BOT": "assistant", "SYSTEM": "system"}
_NO_VERDICTS = "OpenCompass says nothing about each sample that adds up to its score"
_AVERAGE = "an average over subsets: theirs have intervals"


def normalize(evaluation: Evaluation, output: Path, *, adapter_version: str) -> Normalized:
    """Return the results of every data set of the evaluation, and its samples (read when iterated).

    Raises:
        NormalizeError: nothing at all was written, or a file is not what OpenCompass and the runner write.
    """
    folder = Output(_reader(output), file_name(evaluation.model.name))
    with _told():
        parts = _parts(evaluation, folder)
        reader = _Reader(evaluation, folder, adapter_version)
        results = []
        for request in evaluation.datasets:
            mine = [part for part in parts if part.label == request.label]
            results += reader.results(wanted(request), mine)
    return Normalized(tuple(results), _Samples(tuple(parts), folder))


def _reader(output: Path) -> Read:
    def read(place: str) -> bytes | None:
        try:
            with open_untrusted(output / place) as file:
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OutputError(f"{place} cannot be read: {error.strerror or error}") from error

    return read


@contextmanager
def _told() -> Iterator[None]:
    """Turn whatever is wrong with the files into the hub's error."""
    try:
        yield
    except OutputError as error:
        raise NormalizeError(str(error), hint="The job's log says why.") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"its files are not what OpenCompass and the runner write: {type(error).__name__}: {error}"
        raise NormalizeError(msg) from error


def _parts(evaluation: Evaluation, folder: Output) -> list[PartOutput]:
    """Return every part that was planned, or that the user's own configuration turned out to hold."""
    found = []
    known = folder.status["parts"]
    for dataset, request in zip(task_of(evaluation).datasets, evaluation.datasets, strict=True):
        entry = wanted(request).entry
        files = {part.file: part.subset for part in dataset.parts}
        if entry is None:
            own = {file: fields for file, fields in known.items() if _is_of(request.label, file, fields)}
            files = {file: str(fields.get("subset", "")) for file, fields in own.items()}
        for file, subset in files.items():
            shown = subset or (entry.subset if entry else None)
            found.append(PartOutput(request.label, file, shown, known.get(file, {})))
    return found


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
        """Return the average first, where there are several parts, then every part."""
        if not parts:
            return [self._absent(one, PartOutput(one.request.label, "", None, {}))]
        found = [self._part(one, part) for part in parts]
        return [self._average(one, one.entry, parts, found), *found] if len(parts) > 1 and one.entry else found

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
        metrics = tuple(self._metric(part, figure, said) for figure in numbers)
        result = Result(
            dataset=part.label,
            key=self._key(one, part),
            counts=counts,
            metrics=metrics,
            backend_value=numbers[0].literal,
        )
        withheld = _why_withheld(part, failed)
        return result.model_copy(update={"metrics": (), "absent": withheld}) if withheld else result

    def _metric(self, part: PartOutput, figure: Figure, said: Mapping[str, Verdict]) -> Metric:
        share = share_right(said, part.planned)
        exact = figure.value is not None and share is not None and abs(share - figure.value) < 1e-9
        few = "needs at least 2 scored samples" if exact and part.planned < 2 else ""
        return Metric(
            name=figure.name,
            raw=Raw(literal=figure.literal, unit=figure.unit, maximum=figure.maximum),
            value=figure.value,
            stderr=deviation(share, part.planned) if exact and share is not None else None,
            ci95=wilson(share, part.planned) if exact and share is not None and not few else None,
            uncertainty_absent=few if exact else _NO_VERDICTS,
            higher_is_better=figure.higher_is_better,
            source=Source(file=self.folder.place("results", part.file), key=figure.name),
        )

    def _average(self, one: Wanted, entry: Entry, parts: Sequence[PartOutput], found: Sequence[Result]) -> Result:
        """Return the result over all parts; one that is missing is no smaller average, but none."""
        counts = _sum([result.counts for result in found])
        key = self._key(one, None).model_copy(
            update={name: _digest([getattr(result.key, name) for result in found]) for name in ("prompt", "data")}
        )
        result = Result(dataset=one.request.label, key=key, counts=counts)
        gaps = [result for result in found if not result.metrics]
        if gaps:
            what = "1 subset has" if len(gaps) == 1 else f"{len(gaps)} subsets have"
            absent = f"{what} no score ({gaps[0].key.subset}: {gaps[0].absent}), so there is no average"
            return result.model_copy(update={"absent": absent})
        metrics = tuple(self._averages(entry, parts, [result.metrics[0] for result in found]))
        return result.model_copy(update={"metrics": metrics, "backend_value": metrics[0].raw.literal})

    def _averages(self, entry: Entry, parts: Sequence[PartOutput], headlines: Sequence[Metric]) -> Iterator[Metric]:
        values = [float(metric.raw.literal) for metric in headlines]
        rows = [float(part.planned) for part in parts]
        own = [entry.weights[str(part.subset)] for part in parts] if entry.weights else None
        yield self._averaged(entry.metric, mean(values, own), headlines[0], "weighted mean" if own else "mean")
        if own:
            yield self._averaged(f"{entry.metric}_unweighted", mean(values), headlines[0], "mean")
        yield self._averaged(f"{entry.metric}_weighted", mean(values, rows), headlines[0], "mean weighted by rows")

    def _averaged(self, name: str, value: float, like: Metric, how: str) -> Metric:
        maximum = like.raw.maximum
        return Metric(
            name=name,
            raw=Raw(literal=repr(value), unit=like.raw.unit, maximum=maximum),
            value=None if maximum is None else value / maximum,
            uncertainty_absent=_AVERAGE,
            higher_is_better=like.higher_is_better,
            source=Source(file=f"{EXPERIMENT}/results/{self.folder.model}", key=f"{how} of {like.source.key}"),
        )

    def _absent(self, one: Wanted, part: PartOutput, reason: str = "") -> Result:
        failed = len(self.folder.failures.get(part.file, {}))
        counts = Counts(planned=part.planned, infra_error=failed, skipped=max(0, part.planned - failed))
        return Result(dataset=part.label, key=self._key(one, part), counts=counts, absent=reason or part.why_not)

    def _key(self, one: Wanted, part: PartOutput | None) -> ResultKey:
        request, entry = one.request, one.entry
        fields = part.entry if part else {}
        config = next(d.config for d in task_of(self.evaluation).datasets if d.label == request.label)
        shots = entry.few_shot if entry and config in entry.configs.values() else fields.get("few_shot", 0)
        subset = part.subset if part else None
        return ResultKey(
            benchmark=entry.benchmark if entry else request.label,
            subset=subset,
            split=(entry.split if entry else "") or "",
            few_shot=int(shots or 0),
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


@dataclass(frozen=True)
class _Samples:
    """The samples of every part, read anew whenever they are iterated."""

    parts: tuple[PartOutput, ...]
    folder: Output

    def __iter__(self) -> Iterator[Sample]:
        with _told():
            for part in self.parts:
                yield from self._of(part)

    def _of(self, part: PartOutput) -> Iterator[Sample]:
        failed = self.folder.failures.get(part.file, {})
        content = self.folder.result(part.file) if part.scored else {}
        said = verdicts(content.get("details"))
        numbers = figures(content)
        share = share_right(said, part.planned)
        exact = bool(numbers) and share is not None and abs(share - (numbers[0].value or 0.0)) < 1e-9
        for index, answered in self.folder.predictions(part.file).items():
            failure = failed.get(int(index))
            verdict = said.get(index, Verdict())
            right = is_right(verdict) if exact else verdict.correct
            scores = {} if right is None or failure or not numbers else {numbers[0].name: float(right)}
            yield Sample(
                id=f"{part.file}/{index}",
                dataset=part.label,
                subset=part.subset or "",
                state=_state(part, failure),
                prompt=_prompt(answered.get("origin_prompt", "")),
                prediction="" if failure else _plain(answered.get("prediction", "")),
                answer=None if failure else verdict.answer or None,
                gold=_plain(verdict.gold if verdict.gold is not None else answered.get("gold", "")),
                scores=scores,
                error=failure.error if failure else "" if part.scored else part.why_not,
            )


def _why_withheld(part: PartOutput, failed: Mapping[int, Failure]) -> str:
    """Return why a score that counts empty answers as wrong is none, whatever the ledger says and the task admits."""
    unseen = [failure.error for failure in failed.values() if not failure.seen]
    if unseen:
        return f"{len(unseen)} of its {part.planned} requests never reached the gateway: {unseen[0]}"
    if len(failed) == part.planned:
        return f"no request was answered: {next(iter(failed.values())).error}"
    return ""


def _state(part: PartOutput, failure: Failure | None) -> SampleState:
    if failure:
        return SampleState.INFRA_ERROR
    return SampleState.SCORED if part.scored else SampleState.SKIPPED


def _prompt(found: object) -> str | tuple[dict[str, Any], ...]:
    if isinstance(found, list) and all(isinstance(turn, dict) for turn in found):
        return tuple(
            {
                "role": _ROLES.get(str(turn.get("role")), str(turn.get("role"))),
                "content": _plain(turn.get("prompt", "")),
            }
            for turn in found
        )
    return _plain(found)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _short(content: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in content.items() if key != "details"})[:200]


def _sum(every: Sequence[Counts]) -> Counts:
    return Counts(**{name: sum(getattr(counts, name) for counts in every) for name in Counts.model_fields})


def _fingerprint(digest: object) -> str:
    return f"sha256:{str(digest)[:16]}" if digest else ""


def _digest(fingerprints: Sequence[str]) -> str:
    if not all(fingerprints):
        return ""
    return _fingerprint(hashlib.sha256("\n".join(fingerprints).encode()).hexdigest())
