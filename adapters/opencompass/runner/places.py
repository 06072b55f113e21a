"""Where OpenCompass finds its data: a folder with a link `data`, as its configurations expect of the current one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adapters.runtime import job


class MissingDataError(Exception):
    """The data of a data set are not there."""


def data_folder(target: str, scratch: Path) -> Path:
    """Return what stands for `./data`: the folder shown at `target`, or `data` in it where the user gave its parent.

    Raises:
        MissingDataError: there is no such folder.
    """
    if not target:
        (scratch / "no-data").mkdir(exist_ok=True)
        return scratch / "no-data"
    folder = job.path(target)
    if (folder / "data").is_dir():
        folder /= "data"
    if not folder.is_dir():
        raise MissingDataError(f"there is no folder {target}")
    return folder.resolve()


@contextmanager
def standing_in(place: Path, data: Path) -> Iterator[None]:
    """Make `place` the current folder, with `data` in it: some loaders know no other way to their files."""
    place.mkdir(parents=True, exist_ok=True)
    link = place / "data"
    link.unlink(missing_ok=True)
    link.symlink_to(data)
    before = Path.cwd()
    os.environ["COMPASS_DATA_CACHE"] = str(place)
    os.chdir(place)
    try:
        yield
    finally:
        os.chdir(before)


def absolute(config: Any, data: Path, known: Mapping[str, str]) -> Any:
    """Return a configuration with every path to data absolute.

    Loaders differ in what they make of `./data/x`, `data/x` or one of OpenCompass's `known` ids; an absolute path all
    of them take as it is.
    """
    if isinstance(config, dict):
        return {key: _value(key, value, data, known) for key, value in config.items()}
    if isinstance(config, list):
        return [absolute(value, data, known) for value in config]
    return config


def _value(key: str, value: Any, data: Path, known: Mapping[str, str]) -> Any:
    if not isinstance(value, str):
        return absolute(value, data, known)
    if key in {"path", "data_files"}:
        value = known.get(value, value)
    for start in ("./data/", "data/"):
        if value.startswith(start):
            # What follows is kept to the letter: some loaders join names to a path that ends in "/".
            return f"{data}/{value.removeprefix(start)}"
    return value
