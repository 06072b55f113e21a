"""Read what VLMEvalKit and the runner wrote into Results and Samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from adapters.vlmevalkit.output import DatasetOutput, Output
from adapters.vlmevalkit.results import Reader
from adapters.vlmevalkit.samples import Answers, samples
from adapters.vlmevalkit.translate import all_wanted
from hub.adapter import Evaluation, Normalized
from hub.files import blaming, output_reader
from hub.report import Sample


def normalize(evaluation: Evaluation, output: Path, *, adapter_version: str) -> Normalized:
    """Return the results of every data set of the evaluation, and its samples (read when iterated).

    Raises:
        NormalizeError: nothing at all was written, or a file is not what VLMEvalKit and the runner write.
    """
    folder = Output(output_reader(output))
    with blaming("VLMEvalKit"):
        every = [
            Answers(one, DatasetOutput(one.request.label, one.file, folder.status.get(one.file, {})), folder)
            for one in all_wanted(evaluation)
        ]
        reader = Reader(evaluation, adapter_version)
        results = tuple(result for answers in every for result in reader.results(answers.anew()))
    return Normalized(results, _Samples(tuple(every)))


@dataclass(frozen=True)
class _Samples:
    """The samples of every data set, read anew whenever they are iterated."""

    every: tuple[Answers, ...]

    def __iter__(self) -> Iterator[Sample]:
        with blaming("VLMEvalKit"):
            for answers in self.every:
                yield from samples(answers.anew())
