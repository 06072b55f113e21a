"""Turn the outcomes of one data set into lines of samples, and into tallies of its subsets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapters.native.contract import NativeDataset
from adapters.native.evaluator.items import Item
from adapters.native.evaluator.judges import Beside, Judges
from adapters.native.evaluator.progress import Progress
from adapters.native.evaluator.record import Record
from adapters.native.evaluator.repeats import question_parts, question_scores
from adapters.native.evaluator.request import Outcome, Request
from adapters.native.evaluator.score import Scored, score
from adapters.native.evaluator.summary import Tally

# What takes long to score; no two of these answers are alike, either.
_JUDGED = frozenset({"code", "verdict"})


@dataclass(frozen=True)
class Asked:
    """One request with what is needed to score it."""

    subset: str
    item: Item
    request: Request


class Collector:
    """What has come of a data set's requests so far; a context manager, for answers may still be judged."""

    def __init__(
        self, dataset: NativeDataset, asked: Sequence[Asked], record: Record, grading: Beside | None = None
    ) -> None:
        """Announce how many samples there are; `grading`: who has answers graded by the task's judge."""
        self._dataset, self._asked, self._record = dataset, asked, record
        self._progress = Progress(dataset.label, len(asked))
        self._noted: set[int] = set()
        programs = Judges(lambda index, outcome: score(asked[index].item, outcome, dataset))
        self._judges: Beside = grading or programs
        planned = [entry.subset for entry in asked]
        self.tallies = {subset: Tally(planned.count(subset)) for subset in dict.fromkeys(planned)}
        self._questions: dict[str, dict[str, dict[int, Scored]]] = {subset: {} for subset in self.tallies}

    def __enter__(self) -> Collector:  # noqa: PYI034 - Self is newer than Python 3.10
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Let go of what is still being judged."""
        self._judges.__exit__(*error)

    def deliver(self, index: int, outcome: Outcome) -> None:
        """Take the outcome of a request; a program, or what a judge grades, is judged while others are asked for.

        Raises:
            SandboxError: no program can be judged here.
        """
        if outcome.state == "scored" and self._dataset.way.extract in _JUDGED:
            self._judges.give(index, outcome)
        else:
            scored = score(self._asked[index].item, outcome, self._dataset) if outcome.state == "scored" else None
            self._note(index, outcome, scored)
        for judged in self._judges.take():
            self._note(*judged)

    def finish(self, ended: Callable[[], bool]) -> None:
        """Wait for what is still being judged.

        Raises:
            EndedError: the job was told to end before.
            SandboxError: no program can be judged here.
        """
        for judged in self._judges.take_rest(ended):
            self._note(*judged)

    def skip_rest(self, reason: str) -> None:
        """Note everything that has not come to an end as skipped."""
        for judged in self._judges.salvage():
            self._note(*judged)
        for index in range(len(self._asked)):
            if index not in self._noted:
                self._note(index, Outcome("skipped", error=reason), None)

    def forget_scores(self) -> None:
        """Drop all scores: they are not those of a part that stands for the whole."""
        for tally in self.tallies.values():
            tally.forget()
        for questions in self._questions.values():
            questions.clear()

    def sum_up(self) -> Mapping[str, Tally]:
        """Return the tallies; where questions were asked several times, a score is that of a question."""
        dataset = self._dataset
        if dataset.repeats > 1:
            for subset, questions in self._questions.items():
                # As they were asked: which came first is chance, and must not decide which of two answers has it.
                answers = [[found[index] for index in sorted(found)] for found in questions.values()]
                self.tallies[subset].parts = question_parts(answers)
                self.tallies[subset].scores = question_scores(
                    answers,
                    headline=dataset.way.metrics[0],
                    repeats=dataset.repeats,
                    pass_at=dataset.pass_at,
                    vote=dataset.way.extract not in _JUDGED,
                )
        return self.tallies

    def _note(self, index: int, outcome: Outcome, scored: Scored | None) -> None:
        self._noted.add(index)
        asked, tally = self._asked[index], self.tallies[self._asked[index].subset]
        if scored and self._dataset.repeats > 1:
            self._questions[asked.subset].setdefault(asked.item.id, {})[index] = scored
            tally.add(outcome, replace(scored, scores={}, parts={}))
        else:
            tally.add(outcome, scored)
        self._record.sample(self._dataset.label, asked.subset, _line(self._dataset, asked, outcome, scored))
        self._progress.step(error=outcome.state != "scored")


def _line(dataset: NativeDataset, asked: Asked, outcome: Outcome, scored: Scored | None) -> Mapping[str, Any]:
    """Return a sample in the shape of the hub's Sample, with what only Native knows behind it."""
    return {
        "id": asked.request.id,
        "dataset": dataset.label,
        "subset": asked.subset,
        "state": outcome.state,
        "prompt": asked.request.prompt,
        "prediction": scored.prediction if scored else outcome.text,
        "answer": scored.answer if scored else None,
        "gold": asked.item.gold,
        "scores": scored.scores if scored else {},
        "error": outcome.error,
        "latency_s": outcome.latency_s,
        "tokens_in": outcome.tokens_in,
        "tokens_out": outcome.tokens_out,
        "truncated": outcome.truncated,
        "likelihoods": outcome.likelihoods,
        "why": scored.why if scored else "",
    }
