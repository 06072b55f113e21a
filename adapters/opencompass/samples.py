"""The samples of a job: what OpenCompass keeps of each prompt and answer, with what it says of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.opencompass.details import Verdict, is_right, share_right, verdicts
from adapters.opencompass.figures import figures
from adapters.opencompass.output import Failure, Output, PartOutput
from adapters.opencompass.shipped import golds_are_names
from hub.files import blaming
from hub.report import Sample, SampleState

_ROLES = {"HUMAN": "user", "BOT": "assistant", "SYSTEM": "system"}


@dataclass(frozen=True)
class Samples:
    """The samples of every part, read anew whenever they are iterated."""

    parts: tuple[PartOutput, ...]
    folder: Output

    def __iter__(self) -> Iterator[Sample]:
        with blaming("OpenCompass"):
            for part in self.parts:
                yield from self._of(part)

    def _of(self, part: PartOutput) -> Iterator[Sample]:
        failed = self.folder.failures.get(part.file, {})
        content = self.folder.result(part.file) if part.scored else {}
        said = verdicts(content.get("details"))
        numbers = figures(content)
        exact = bool(numbers) and share_right(said, part, numbers[0]) is not None
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
                gold="" if golds_are_names(part.evaluators) else _gold(verdict, answered),
                scores=scores,
                error=failure.error if failure else "" if part.scored else part.why_not,
            )


def _gold(verdict: Verdict, answered: Mapping[str, Any]) -> str:
    return _plain(verdict.gold if verdict.gold is not None else answered.get("gold", ""))


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
