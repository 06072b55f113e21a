"""Where VLMEvalKit finds its data: a writable folder for each data set, with links to the tables in it."""

from __future__ import annotations

import os
from pathlib import Path

from adapters.runtime import job
from adapters.vlmevalkit.contract import Dataset
from adapters.vlmevalkit.runner.reasons import StatedError
from adapters.vlmevalkit.runner.tables import check_cells, check_columns

VARIABLE = "LMUData"  # VLMEvalKit looks there each time, and falls back to the home where the folder does not exist


class MissingDataError(StatedError):
    """A table of a data set is not there."""


def lay_out(dataset: Dataset, folder: Path) -> None:
    """Make `folder` hold a data set's tables and nothing else, and tell VLMEvalKit.

    The tables themselves are never written: pictures that VLMEvalKit takes out of them go into `folder`.

    Raises:
        MissingDataError: names the table that is missing.
        DataError: it is the user's own and lacks a column, or a cell.
    """
    folder.mkdir(parents=True)
    for name, target in dataset.tables.items():
        table = job.path(target)
        if not table.is_file():
            raise MissingDataError(f"there is no file {target}")
        check_columns(dataset.name, table)
        check_cells(dataset.name, table)
        (folder / name).symlink_to(table.resolve())
    os.environ[VARIABLE] = str(folder)


def aside() -> str:
    """Return the name of a file of the data set at work, as seen from /tmp.

    VLMEvalKit puts rows aside there in a file that is called after the second: two jobs of a machine may share both.
    """
    return os.path.relpath(Path(os.environ[VARIABLE], "aside"), os.path.realpath("/tmp"))  # noqa: S108 - it is so
