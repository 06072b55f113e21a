"""Load one data set: its subsets, the items that are asked, the few-shot examples, the fingerprints."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from adapters.native.catalog import Benchmark, benchmarks
from adapters.native.contract import NativeDataset
from adapters.native.evaluator.choices import Option
from adapters.native.evaluator.errors import DataError
from adapters.native.evaluator.examples import worked_examples
from adapters.native.evaluator.items import Item, read_items
from adapters.native.evaluator.layout import (
    discover_subsets,
    find_few_shot_files,
    find_files,
    find_own_files,
    names_split,
)
from adapters.native.evaluator.reader import Row, read_rows


@dataclass(frozen=True)
class Subset:
    """One subset, ready to be asked.

    Attributes:
        shots: the same examples for every question.
        data, prompt: fingerprints (sha256, 16 hex digits) of the rows used, and of the templates with the examples.
    """

    name: str
    items: tuple[Item, ...]
    shots: tuple[Item, ...]
    data: str
    prompt: str


def load_subsets(dataset: NativeDataset, root: Path, *, seed: int) -> list[Subset]:
    """Return every subset of a data set that lies at `root`.

    Raises:
        DataError: data are missing or are not what the benchmark needs.
    """
    names = dataset.subsets or discover_subsets(root, split=dataset.split, few_shot_split=dataset.few_shot_split)
    read = cache(lambda file: read_rows(file, benchmarks()[dataset.benchmark].header))  # subsets may share a file
    return [_subset(_Source(dataset, root, name, len(names) == 1, read), seed=seed) for name in names]


@dataclass(frozen=True)
class _Source:
    """Where the rows of one subset are; `alone`: it is the only one that is evaluated."""

    dataset: NativeDataset
    root: Path
    subset: str
    alone: bool
    read: Callable[[Path], list[Row]]

    @property
    def benchmark(self) -> Benchmark:
        return benchmarks()[self.dataset.benchmark]

    def files(self) -> list[Path]:
        """Return the files of the split that is evaluated."""
        if self.benchmark.own_data:
            return find_own_files(self.root, self.subset, self.dataset.split)
        name, by_column = self.benchmark.name, "subset" in self.benchmark.columns
        return find_files(self.root, self.subset, self.dataset.split, alone=self.alone or by_column, benchmark=name)

    def few_shot_files(self) -> list[Path]:
        """Return the files of the split that examples come from; empty where it has none."""
        several = self.dataset.subsets is not None and len(self.dataset.subsets) > 1
        alone = not several or "subset" in self.benchmark.columns
        name = "" if self.benchmark.own_data else self.benchmark.name
        return find_few_shot_files(self.root, self.subset, self.dataset.few_shot_split, alone=alone, benchmark=name)

    def rows(self, files: Sequence[Path]) -> list[Row]:
        """Return the rows of files: those of this subset, where a column says which one they are of."""
        rows = [row for file in files for row in self.read(file)]
        columns = self.dataset.columns.get("subset", ())
        named = [name for name in columns if any(name in row.data for row in rows)]
        return [row for row in rows if row.data.get(named[0]) == self.subset] if named else rows

    def items(self, rows: Sequence[Row]) -> tuple[Item, ...]:
        topic = self.benchmark.topic(self.subset)
        return tuple(read_items(rows, self.benchmark, self.dataset.columns, topic=topic))


def _subset(source: _Source, *, seed: int) -> Subset:
    dataset, root, name = source.dataset, source.root, source.subset
    files = source.files()
    rows = source.rows(files)
    where = ", ".join(file.name for file in files)
    if not rows:
        raise DataError(f"{where} {'has' if len(files) == 1 else 'have'} no rows")
    in_name = all(names_split(file, root, dataset.split) for file in files)
    asked, examples = _by_split(rows, dataset, where=where, in_name=in_name)
    items = source.items(asked[: dataset.limit])
    shots = _shots(source, examples, items, seed=seed) if dataset.few_shot else ()
    return Subset(name, items, shots, data=_data_fingerprint(items), prompt=_prompt_fingerprint(dataset, shots))


def _by_split(
    rows: Sequence[Row], dataset: NativeDataset, *, where: str, in_name: bool
) -> tuple[list[Row], list[Row]]:
    """Return the rows to ask and those for examples: a row of another split is never asked.

    `in_name`: the names of the files, `where`, say that their rows are of the split unless a row says otherwise.

    Raises:
        DataError: no row is of the split, nor without one where that serves.
    """
    splits = [_split_of(row, dataset) for row in rows]

    def of(wanted: str) -> list[Row]:
        return [row for row, split in zip(rows, splits, strict=True) if split == wanted]

    unnamed = of("") if in_name or not dataset.split_asked else []
    asked = of(dataset.split) or unnamed
    if not asked:
        raise _no_split(dataset.split, splits, where)
    return asked, of(dataset.few_shot_split) if dataset.few_shot_split else []


def _split_of(row: Row, dataset: NativeDataset) -> str:
    """Return the split that a row names, an empty string where it names none."""
    names = (
        str(row.data[name]).strip() for name in dataset.columns.get("split", ()) if row.data.get(name) is not None
    )
    return next((name for name in names if name), "")


def _no_split(split: str, splits: Sequence[str], where: str) -> DataError:
    found = ", ".join(f"{name!r} ({splits.count(name)})" for name in sorted(set(splits) - {""}))
    if found:
        hint = "Choose one of them in options: {split: NAME}."
        return DataError(f"no row of {where} is of split {split!r}; their splits are {found}", hint=hint)
    hint = "Leave split out to use all rows, or name their column with options: {columns: {split: YOUR_COLUMN}}."
    return DataError(f"no split {split!r} in {where}: neither its rows nor its name say a split", hint=hint)


def _shots(source: _Source, rows: list[Row], items: Sequence[Item], *, seed: int) -> tuple[Item, ...]:
    """Draw the examples: a function of the seed and the pool alone, so that every question gets the same ones.

    Where all of them are wanted, they stand in the order of the data; so do those that belong to the benchmark. A
    question that is asked, which some data have in both splits, is no example where there are enough others.
    """
    count = source.dataset.few_shot
    if source.benchmark.examples:
        return source.items(worked_examples(source.benchmark, source.subset)[:count])
    pool = source.rows(source.few_shot_files()) or rows
    shots = _drawn(source, pool, seed=seed)
    asked = set(map(_question, items))
    if len(pool) == count or not asked & set(map(_question, shots)):
        return shots
    others = [row for row, item in zip(pool, source.items(pool), strict=True) if _question(item) not in asked]
    return _drawn(source, others, seed=seed) if len(others) >= count else shots


def _question(item: Item) -> tuple[str, tuple[Option, ...]]:
    return item.question, item.options


def _drawn(source: _Source, pool: list[Row], *, seed: int) -> tuple[Item, ...]:
    dataset, split = source.dataset, source.dataset.few_shot_split
    if len(pool) < dataset.few_shot:
        found, name = f"{len(pool)} rows" if pool else "no data", source.subset
        hint = (
            f"Give split {split!r} of the data too (e.g. {name}_{split}.jsonl, {split}.jsonl), name another split "
            "with options: {few_shot_split: NAME}, or set few_shot: 0."
        )
        raise DataError(
            f"{dataset.few_shot} few-shot examples need split {split!r}; there is {found} for it", hint=hint
        )
    if len(pool) == dataset.few_shot:
        return source.items(pool)
    return source.items(random.Random(seed).sample(pool, dataset.few_shot))  # noqa: S311 - reproducible, not secret


def _data_fingerprint(items: Sequence[Item]) -> str:
    return fingerprint([item.row for item in items])


def _prompt_fingerprint(dataset: NativeDataset, shots: Sequence[Item]) -> str:
    way = dataset.way
    texts = [way.question, way.answer, way.user, way.assistant, dataset.system, *filter(None, (way.lead, way.rest))]
    return fingerprint({"scoring": dataset.scoring, "texts": texts, "shots": [shot.row for shot in shots]})


def fingerprint(value: object) -> str:
    """Return `sha256:` and 16 hex digits of the value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
