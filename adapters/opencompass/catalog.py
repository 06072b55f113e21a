"""The data sets that OpenCompass is known to score, read from catalog.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

Way = Literal["generate", "continuation"]
WAYS: tuple[Way, ...] = get_args(Way)


@dataclass(frozen=True)
class Entry:
    """One data set; catalog.yaml explains the fields.

    Attributes:
        configs: way of scoring -> OpenCompass's configuration.
        parts: subset -> OpenCompass's name of it, in its order; the subset "" where all is of one piece.
        benchmark, subset: what other backends call the same thing.
        files: below OpenCompass's data folder, with `{}` for the subset.
        licence: of the data; empty where none is known for certain.
    """

    name: str
    summary: str
    configs: Mapping[Way, str]
    metric: str
    files: tuple[str, ...]
    parts: Mapping[str, str]
    benchmark: str
    subset: str | None = None
    split: str = ""
    few_shot: int = 0
    rows: int | None = None
    licence: str = ""
    runs_code: bool = False
    whole: bool = False
    in_archive: bool = True
    weights: Mapping[str, float] = field(default_factory=dict)

    def files_of(self, subsets: tuple[str, ...]) -> tuple[str, ...]:
        """Return the files that the subsets need."""
        return tuple(dict.fromkeys(file.format(subset) for file in self.files for subset in subsets))


@cache
def catalog() -> Mapping[str, Entry]:
    """Return every data set by name."""
    content = yaml.safe_load((Path(__file__).parent / "catalog.yaml").read_text(encoding="utf-8"))
    return {name: _entry(name, fields) for name, fields in content.items()}


def _entry(name: str, fields: dict[str, Any]) -> Entry:
    configs = {way: fields.pop(way) for way in WAYS if way in fields}
    prefix, subsets = fields.pop("prefix", ""), fields.pop("subsets", ())
    parts = fields.pop("parts", None) or {subset: f"{prefix}{subset}" for subset in subsets}
    benchmark, _, subset = fields.pop("same_as", name).partition("/")
    files = tuple(fields.pop("files"))
    return Entry(
        name=name, configs=configs, parts=parts, benchmark=benchmark, subset=subset or None, files=files, **fields
    )
