"""Load one data set: its subsets, the items that are asked, the few-shot examples, the fingerprints."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.native.catalog import benchmarks
from adapters.native.contract import NativeDataset
from adapters.native.evaluator.errors import DataError
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
    return [_subset(dataset, root, name, alone=len(names) == 1, seed=seed) for name in names]


def _subset(dataset: NativeDataset, root: Path, name: str, *, alone: bool, seed: int) -> Subset:
    if benchmarks()[dataset.benchmark].own_data:
        files = find_own_files(root, name, dataset.split)
    else:
        files = find_files(root, name, dataset.split, alone=alone)
    rows = [row for file in files for row in read_rows(file)]
    where = ", ".join(file.name for file in files)
    if not rows:
        raise DataError(f"{where} {'has' if len(files) == 1 else 'have'} no rows")
    in_name = all(names_split(file, root, dataset.split) for file in files)
    asked, examples = _by_split(rows, dataset, where=where, in_name=in_name)
    items = _items(asked[: dataset.limit], dataset)
    shots = _shots(dataset, root, name, examples, seed=seed) if dataset.few_shot else ()
    return Subset(name, items, shots, data=_data_fingerprint(items), prompt=_prompt_fingerprint(dataset, shots))


def _items(rows: Sequence[Row], dataset: NativeDataset) -> tuple[Item, ...]:
    benchmark = benchmarks()[dataset.benchmark]
    return tuple(read_items(rows, benchmark.kind, dataset.columns, own=benchmark.own_data))


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


def _shots(dataset: NativeDataset, root: Path, name: str, rows: list[Row], *, seed: int) -> tuple[Item, ...]:
    """Draw the examples: a function of the seed and the pool alone, so that every question gets the same ones."""
    split, alone = dataset.few_shot_split, dataset.subsets is None or len(dataset.subsets) == 1
    files = find_few_shot_files(root, name, split, alone=alone)
    pool = [row for file in files for row in read_rows(file)] or rows
    if len(pool) < dataset.few_shot:
        found = f"{len(pool)} rows" if pool else "no data"
        hint = (
            f"Give split {split!r} of the data too (e.g. {name}_{split}.jsonl, {split}.jsonl), name another split "
            "with options: {few_shot_split: NAME}, or set few_shot: 0."
        )
        raise DataError(
            f"{dataset.few_shot} few-shot examples need split {split!r}; there is {found} for it", hint=hint
        )
    drawn = random.Random(seed).sample(pool, dataset.few_shot)  # noqa: S311 - reproducible, not secret
    return _items(drawn, dataset)


def _data_fingerprint(items: Sequence[Item]) -> str:
    return fingerprint([item.row for item in items])


def _prompt_fingerprint(dataset: NativeDataset, shots: Sequence[Item]) -> str:
    way = dataset.way
    texts = [way.question, way.answer, way.user, way.assistant, dataset.system]
    return fingerprint({"scoring": dataset.scoring, "texts": texts, "shots": [shot.row for shot in shots]})


def fingerprint(value: object) -> str:
    """Return `sha256:` and 16 hex digits of the value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
