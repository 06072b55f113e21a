"""The samples that the page carries: all of them, or above a size all failures and a stated, seeded part of the rest.

samples.jsonl is read twice, so that a run of any size needs little memory: once for what is measured over all samples
and for their sizes, once for the ones that are taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from hub.outcome import Outcome, Outcomes
from hub.render.html.messages import Message, PicturePath, chat, pictures_of
from hub.render.html.pictures import Album, Pictured
from hub.render.html.usage import Tally
from hub.report import Report, Sample, SampleState
from hub.samples import parse_sample, sample_lines, samples_file

SEED = 0
FIELDS = (
    "job", "line", "dataset", "subset", "id", "outcome", "unparsed", "prompt", "prediction", "answer", "gold",
    "scores", "error", "latency_s", "tokens_in", "tokens_out",
)  # fmt: skip


# Whose pictures come first: those of samples without a score (0), then these, then the rest.
_RANKS: dict[Outcome, int] = {"wrong": 1, "partly": 2}


class Limits(NamedTuple):
    """What a page may carry: samples, bytes of their texts, characters of one text, and bytes of pictures."""

    samples: int = 50_000
    size: int = 64 << 20
    text: int = 100_000
    pictures: int = 12 << 20


class _Place(NamedTuple):
    """Where one sample lies, and what it takes in the page."""

    job: int
    line: int
    offset: int
    cost: int
    failed: bool


@dataclass
class Census:
    """What a first reading of all samples found.

    Attributes:
        unscored: jobs and data sets with samples without a score.
        pictured: the pictures of samples that have some, by the samples' places.
    """

    places: list[_Place] = field(default_factory=list)
    pictured: dict[tuple[int, int], Pictured] = field(default_factory=dict)
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    unscored: set[tuple[str, str]] = field(default_factory=set)
    unreadable: dict[str, int] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        """Return how many samples have no score."""
        return sum(place.failed for place in self.places)


def take_census(report: Report, folder: Path, limits: Limits) -> Census:
    """Read all samples of a run; a line that is none is counted, a file that is absent is a job without samples."""
    census, outcomes = Census(), Outcomes(report)
    for number, job in enumerate(report.jobs):
        file = samples_file(folder, job.id)
        if not file.is_file():
            continue
        for line, offset, raw in sample_lines(file):
            sample = parse_sample(raw)
            if sample is None:
                census.unreadable[job.id] = census.unreadable.get(job.id, 0) + 1
                continue
            census.tallies.setdefault((job.id, sample.dataset), Tally()).add(sample)
            failed = sample.state is not SampleState.SCORED
            if failed:
                census.unscored.add((job.id, sample.dataset))
            census.places.append(_Place(number, line, offset, _cost(raw, sample, limits.text), failed))
            if paths := tuple(pictures_of(sample.prompt)):
                rank = _RANKS.get(outcomes.outcome(job.id, sample), 0 if failed else len(_RANKS))
                census.pictured[number, line] = Pictured(rank, _draw(census.places[-1]), job.id, paths)
    return census


def _cost(raw: bytes, sample: Sample, limit: int) -> int:
    """Return what a sample takes in the page, in bytes before compression: its line, less what is cut from it."""
    if len(raw) <= limit:
        return len(raw)
    texts = [message.text for message in chat(sample.prompt)]
    texts += [sample.prediction, sample.answer or "", sample.gold, sample.error]
    return sum(len(text[:limit].encode()) for text in texts)


def choose(places: Iterable[_Place], limits: Limits) -> list[_Place]:
    """Return the samples to carry, in the files' order; failures go before others, which a hash draws."""
    places = list(places)
    if len(places) <= limits.samples and sum(place.cost for place in places) <= limits.size:
        return places
    taken: list[_Place] = []
    size = 0
    for place in sorted(places, key=lambda place: (not place.failed, _draw(place))):
        if len(taken) == limits.samples or size + place.cost > limits.size:
            break
        taken.append(place)
        size += place.cost
    return sorted(taken)


def _draw(place: _Place) -> bytes:
    return blake2b(f"{SEED} {place.job} {place.line}".encode(), digest_size=8).digest()


def rows(report: Report, folder: Path, places: Iterable[_Place], album: Album, limits: Limits) -> Iterator[list[Any]]:
    """Yield each chosen sample as a list in the order of FIELDS."""
    outcomes = Outcomes(report)
    by_job: dict[int, list[_Place]] = {}
    for place in places:
        by_job.setdefault(place.job, []).append(place)
    for number, chosen in sorted(by_job.items()):
        job = report.jobs[number].id
        with samples_file(folder, job).open("rb") as file:
            for place in chosen:
                file.seek(place.offset)
                sample = parse_sample(file.readline())
                if sample is not None:
                    yield [number, place.line, *_row(outcomes, job, sample, album, limits.text)]


def _row(outcomes: Outcomes, job: str, sample: Sample, album: Album, limit: int) -> list[Any]:
    return [
        sample.dataset,
        sample.subset,
        sample.id,
        _word(outcomes.outcome(job, sample)),
        int(outcomes.unparsed(job, sample)),
        [[message.role, _content(message, job, album, limit)] for message in chat(sample.prompt)],
        cut(sample.prediction, limit),
        None if sample.answer is None else cut(sample.answer, limit),
        cut(sample.gold, limit),
        {name: score for name, score in sample.scores.items() if isfinite(score)},
        cut(sample.error, limit),
        _finite(sample.latency_s),
        sample.tokens_in,
        sample.tokens_out,
    ]


def _content(message: Message, job: str, album: Album, limit: int) -> Any:
    """Return a message's text; with pictures a list of texts and of [path, line of the album or why it has none]."""
    return [
        [part.path, album.place(job, part.path)] if isinstance(part, PicturePath) else cut(part, limit)
        for part in message.parts
    ] or cut(message.text, limit)


def cut(text: str, limit: int) -> str:
    """Return `text`, or its beginning and how much is missing."""
    if len(text) <= limit:
        return text
    return (
        f"{text[:limit]}\n\n[cut here: {len(text) - limit:,} of {len(text):,} characters are in samples.jsonl only]"
    )


def _word(outcome: Outcome) -> str:
    return outcome.value if isinstance(outcome, SampleState) else outcome


def _finite(number: float | None) -> float | None:
    return number if number is not None and isfinite(number) else None
