"""Read what VLMEvalKit and the runner wrote into Results and Samples."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.vlmevalkit.output import DatasetOutput, Output, OutputError, Read
from adapters.vlmevalkit.results import Reader
from adapters.vlmevalkit.samples import Answers, samples
from adapters.vlmevalkit.translate import all_wanted
from hub.adapter import Evaluation, Normalized
from hub.errors import NormalizeError
from hub.files import open_inside
from hub.report import Sample


def normalize(evaluation: Evaluation, output: Path, *, adapter_version: str) -> Normalized:
    """Return the results of every data set of the evaluation, and its samples (read when iterated).

    Raises:
        NormalizeError: nothing at all was written, or a file is not what VLMEvalKit and the runner write.
    """
    folder = Output(_reader(output))
    with _told():
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
        with _told():
            for answers in self.every:
                yield from samples(answers.anew())


def _reader(output: Path) -> Read:
    def read(place: str) -> bytes | None:
        try:
            with open_inside(output, place) as file:  # what it is called, a job may say
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OutputError(f"{place} cannot be read: {error.strerror or error}") from error
        except ValueError as error:
            raise OutputError(f"{place} cannot be read: {error}") from error

    return read


@contextmanager
def _told() -> Iterator[None]:
    """Turn whatever is wrong with the files into the hub's error."""
    try:
        yield
    except OutputError as error:
        raise NormalizeError(str(error), hint="The job's log says why.") from error
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        msg = f"its files are not what VLMEvalKit and the runner write: {type(error).__name__}: {error}"
        raise NormalizeError(msg) from error
