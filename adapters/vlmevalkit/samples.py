"""The samples of a data set: VLMEvalKit's rows of answers, beside what it says of each and what failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from adapters.vlmevalkit.cut import G_INDEX, ROTATION
from adapters.vlmevalkit.items import Item, item
from adapters.vlmevalkit.output import DatasetOutput, Failure, Output, Row
from adapters.vlmevalkit.translate import Wanted
from hub.report import Sample, SampleState

_PART, _PART_INDEX = "SUB_DATASET", "original_index"  # columns of a compilation
_UNJUDGED = "the judge gave no verdict that VLMEvalKit could read"


class Answered(NamedTuple):
    """One row of answers; `part` is the data set of a compilation that it belongs to."""

    row: Row
    part: str
    item: Item
    failure: Failure | None

    @property
    def sample(self) -> str:
        """Return the sample's id: the row's index, by which the gateway knows it, too."""
        return self.row.get("index", "")


@dataclass(frozen=True)
class Answers:
    """All rows of one data set that VLMEvalKit has answers to; files are read when they are needed."""

    one: Wanted
    found: DatasetOutput
    output: Output

    @cached_property
    def all(self) -> tuple[Answered, ...]:
        """Return the rows in VLMEvalKit's order."""
        failed = self.output.failures.get(self.found.label, {})
        return tuple(self._answered(row, failed) for row in self.output.rows(self.found.predictions))

    def anew(self) -> Answers:
        """Return the same with nothing read: a data set has up to a hundred thousand rows, kept only while in use."""
        return Answers(self.one, self.found, self.output)

    def of(self, part: str) -> tuple[Answered, ...]:
        """Return the rows of a part, or all where it is empty."""
        return tuple(row for row in self.all if not part or row.part == part)

    def item_rows(self, part: str = "") -> list[Row]:
        """Return VLMEvalKit's own rows on the samples of a data set, or of a part of it."""
        items = self.one.entry.scheme.items
        if items is None or not self.found.scored:
            return []
        return self.output.rows(self.found.beside(items.ending.format(reader=self.one.reader), part))

    def _answered(self, row: Row, failed: Mapping[str, Failure]) -> Answered:
        part = row.get(_PART, "")
        items, index = self._items(part), row.get(_PART_INDEX, row.get("index", ""))
        known = items.get(index) or self._of_question(row, index, items)
        return Answered(row, part, known, failed.get(row.get("index", "")))

    def _of_question(self, row: Row, index: str, items: Mapping[str, Item]) -> Item:
        """Return what is said of a row in that of another order of its options: whether chance decided for all."""
        if not items or self.one.entry.together != G_INDEX:
            return Item()
        first = row.get(G_INDEX) or str(int(index) % ROTATION)
        return Item(unjudged=items.get(first, Item()).unjudged)

    def _items(self, part: str) -> Mapping[str, Item]:
        if part not in self._read:
            items = self.one.entry.scheme.items
            rows = self.item_rows(part) if items else []
            self._read[part] = {row.get("index", ""): item(items.kind, row) for row in rows} if items else {}
        return self._read[part]

    @cached_property
    def _read(self) -> dict[str, Mapping[str, Item]]:
        return {}


def why_absent(answers: Answers) -> str:
    """Return why there is no score; where there are answers only, that is no failure."""
    skipped = answers.found.entry.get("skipped")
    return answers.one.entry.answers_only if skipped and answers.one.entry.answers_only else answers.found.why_not


def samples(answers: Answers) -> Iterator[Sample]:
    """Yield the samples of a data set."""
    prompts = answers.output.prompts(answers.found.file)
    for answered in answers.all:
        yield _sample(answered, answers, prompts.get(answered.sample))


def _sample(answered: Answered, answers: Answers, prompt: list[dict[str, Any]] | None) -> Sample:
    row, found, failure = answered.row, answered.item, answered.failure
    scored = found.score is not None and failure is None
    is_empty = (answers.found.label, answered.sample) in answers.output.empty
    scheme = answers.one.entry.scheme
    return Sample(
        id=answered.sample,
        dataset=answers.found.label,
        subset=answered.part,
        state=_state(answered, answers),
        prompt=tuple(prompt) if prompt else row.get("question", ""),
        prediction="" if failure or is_empty else row.get("prediction", ""),
        answer=None if failure or found.unread else found.answer,
        gold=row.get("answer", ""),
        scores={scheme.item_name or scheme.headline: found.score or 0.0} if scored else {},
        error=_error(answered, answers),
    )


def _state(answered: Answered, answers: Answers) -> SampleState:
    if answered.failure:
        return SampleState.INFRA_ERROR
    if not answers.found.scored:
        return SampleState.SKIPPED
    return SampleState.JUDGE_FALLBACK if answered.item.unjudged else SampleState.SCORED


def _error(answered: Answered, answers: Answers) -> str:
    if answered.failure:
        return answered.failure.error
    if not answers.found.scored:
        return why_absent(answers)
    return _UNJUDGED if answered.item.unjudged else ""
