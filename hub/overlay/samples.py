"""Samples under the ledger's account: times and tokens that the backend did not write, and calls that were lost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from hub.overlay.account import Account, Lost
from hub.report import Sample, SampleState

_UNASKED = "the model was not asked"


class Place(NamedTuple):
    """Where a named sample stands, and what the backend says became of it."""

    subset: str
    state: SampleState


Located = Mapping[tuple[str, str], Place]


def locate(samples: Iterable[Sample], wanted: Collection[tuple[str, str]]) -> Located:
    """Return the places of the wanted samples; of none where `samples` can be read only once."""
    if not wanted or isinstance(samples, Iterator):
        return {}
    found = ((sample.dataset, sample.id, sample) for sample in samples)
    return {
        (dataset, name): Place(sample.subset, sample.state)
        for dataset, name, sample in found
        if (dataset, name) in wanted
    }


@dataclass(frozen=True)
class Laid:
    """The backend's samples with what the ledger knows of each, one at a time.

    Attributes:
        unasked: data sets whose model never answered.
    """

    samples: Iterable[Sample]
    account: Account
    unasked: frozenset[str]

    def __iter__(self) -> Iterator[Sample]:
        """Yield them in the backend's order."""
        return map(self._laid, self.samples)

    @cached_property
    def _lost(self) -> Mapping[tuple[str, str], Lost]:
        return self.account.lost_samples()

    def _laid(self, sample: Sample) -> Sample:
        changes = {**self._measured(sample), **self._corrected(sample)}
        return sample.model_copy(update=changes) if changes else sample

    def _measured(self, sample: Sample) -> dict[str, Any]:
        asked = self.account.asked.get((sample.dataset, sample.id))
        names = ("latency_s", "tokens_in", "tokens_out")
        return {name: getattr(asked, name) for name in names if asked and getattr(sample, name) is None}

    def _corrected(self, sample: Sample) -> dict[str, Any]:
        """Return what becomes of a sample that the backend says it scored, or never tried."""
        if sample.state is SampleState.SKIPPED:
            return self._tried(sample)
        if sample.state is not SampleState.SCORED:
            return {}
        if sample.dataset in self.unasked:
            return {"state": SampleState.SKIPPED, "error": _UNASKED, "scores": {}}
        lost = self._lost.get((sample.dataset, sample.id))
        if lost is None:
            return {}
        kept = sample.scores if lost.fate is SampleState.JUDGE_FALLBACK else {}
        return {"state": lost.fate, "error": lost.error, "scores": kept}

    def _tried(self, sample: Sample) -> dict[str, Any]:
        """Return what became of a sample whose call was under way when its job was ended."""
        lost = self._lost.get((sample.dataset, sample.id))
        if lost is None or not lost.tried or lost.fate not in {SampleState.INFRA_ERROR, SampleState.MODEL_ERROR}:
            return {}
        return {"state": lost.fate, "error": ": ".join(filter(None, (sample.error, lost.error)))}
