"""Find the files of one split of one subset: as the hubs lay repositories out, and as people lay out their own."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from adapters.native.contract import DATA_SUFFIXES, few_shot_names
from adapters.native.evaluator.errors import DataError

DEFAULT_SUBSET = "default"
_VALIDATION = ("validation", "val", "valid")
_SAME_SPLIT = dict.fromkeys(_VALIDATION, _VALIDATION)
# What the hubs keep beside the data.
_NO_DATA = frozenset(("dataset_infos.json", "dataset_info.json", "configuration.json", "state.json"))
_SPLIT_NAMES = ("test", "validation", "valid", "val", "dev", "train")


def discover_subsets(root: Path, *, split: str, few_shot_split: str) -> tuple[str, ...]:
    """Return the subsets of the user's own data: one for a file, one per file for a folder.

    A file that names no split may hold rows of any; one that names another than `split` is not evaluated.

    Raises:
        DataError: the folder has no data, or all of it is of other splits.
    """
    if not root.is_dir():
        return (DEFAULT_SUBSET,)
    found = [_parts(file.stem, (split, few_shot_split)) for file in _data_files(root)]
    if not found:
        raise DataError(f"no data file in {root.name!r}{_content(root)}", hint=f"Known: {' '.join(DATA_SUFFIXES)}")
    names = {subset for subset, own in found if own in ("", split.lower())}
    if not names:
        splits = ", ".join(repr(name) for name in sorted({own for _, own in found}))
        hint = "Choose one of them in options: {split: NAME}."
        raise DataError(f"no data of split {split!r} in {root.name!r}; its splits are {splits}", hint=hint)
    return tuple(sorted(names))


def find_files(root: Path, subset: str, split: str, *, alone: bool, benchmark: str = "") -> list[Path]:
    """Return the files of `split`, several where it is stored in shards; `alone`: files need not name the subset.

    `benchmark`: files may bear its name in place of the subset's or, where no split has a file, the subset's alone.

    Raises:
        DataError: there are none; the message says what is there and what was looked for.
    """
    if not root.exists():
        raise DataError(f"no data at {root.name!r}", hint="Mend its path in the task file.")
    if root.is_file():
        return [root]
    patterns = _patterns(subset, split, alone=alone, benchmark=benchmark)
    found = _first_match(root, patterns) or (
        _without_split(root, subset, benchmark, alone=alone) if benchmark else []
    )
    if not found:
        examples = f"{patterns[0]}, {patterns[1]} or {patterns[-1]}"
        wanted = (
            f"Expected for example {examples}, with one of {' '.join(DATA_SUFFIXES)}; "
            "another split is chosen with options: {split: NAME}."
        )
        raise DataError(
            f"no file for split {split!r} of subset {subset!r} in {root.name!r}{_content(root)}", hint=wanted
        )
    return found


def find_own_files(root: Path, subset: str, split: str) -> list[Path]:
    """Return the files of one subset of the user's own data: named after the split, else after the subset alone."""
    if root.is_dir():
        found = _first_match(root, [*_own_patterns(subset, split), subset])
        if found:
            return found
    return find_files(root, subset, split, alone=subset == DEFAULT_SUBSET)


def find_few_shot_files(root: Path, subset: str, split: str, *, alone: bool, benchmark: str = "") -> list[Path]:
    """Return the files of the few-shot split, beside a lone file or in the folder; empty where there are none."""
    if root.is_file():
        beside = [root.with_name(name) for name in few_shot_names(root, split)]
        return [file for file in beside if file != root and file.is_file()][:1]
    patterns = _patterns(subset, split, alone=alone, benchmark=benchmark)
    return _first_match(root, patterns) if root.is_dir() else []


def names_split(file: Path, root: Path, split: str) -> bool:
    """Return whether the name of a file, or of its folder below `root`, says that all its rows are of `split`."""
    folders = file.relative_to(root).parts[:-1] if root.is_dir() else ()
    name = rf"(?:.*[_-])?{re.escape(split)}(?:-\d.*)?"
    return split in folders or re.fullmatch(name, file.stem, re.IGNORECASE) is not None


def _patterns(subset: str, split: str, *, alone: bool, benchmark: str) -> list[str]:
    written = _SAME_SPLIT.get(split, (split,)) if benchmark else (split,)
    named = [
        pattern
        for same in written
        for name in (same, same.capitalize())
        for pattern in (
            f"{subset}/{name}-*",
            f"{subset}/{name}",
            f"{subset}/{subset}-{name}",
            f"data/{subset}/{name}-*",
            f"data/{subset}/{name}",
            f"{name}/{subset}",
            f"{name}/{subset}_{name}",
            f"data/{name}/{subset}_{name}",
            f"{subset}_{name}",
            f"{subset}-{name}",
        )
    ]
    flat = [f"{folder}{same}{tail}" for same in written for folder in ("", "data/") for tail in ("-*", "")]
    by_name = [f"{benchmark}{mark}{same}" for same in written for mark in "_-"] if benchmark else []
    return [*named, *flat, *by_name] if alone else named


def _without_split(root: Path, subset: str, benchmark: str, *, alone: bool) -> list[Path]:
    """Return the file that is named after the subset alone, or the only data file of a benchmark without subsets."""
    found = _first_match(root, [subset, f"data/{subset}", f"{benchmark}/{subset}"])
    if found or not alone:
        return found
    files = [file for file in root.rglob("*") if file.suffix.lower() in DATA_SUFFIXES and file.name not in _NO_DATA]
    return files if len(files) == 1 and not _names_a_split(files[0]) else []


def _names_a_split(file: Path) -> bool:
    return bool(_parts(file.stem, ())[1])


def _own_patterns(subset: str, split: str) -> list[str]:
    return [split] if subset == DEFAULT_SUBSET else [f"{subset}_{split}", f"{subset}-{split}"]


def _first_match(root: Path, patterns: list[str]) -> list[Path]:
    for pattern in patterns:
        folder, name = (root / pattern).parent, Path(pattern).name
        shards = name.endswith("-*")
        for suffix in DATA_SUFFIXES if folder.is_dir() else ():
            found = sorted(folder.glob(glob.escape(name.removesuffix("*")) + "*" * shards + suffix))
            if found:
                return found
    return []


def _parts(stem: str, splits: Sequence[str]) -> tuple[str, str]:
    """Return subset and split (lower case; empty: none) of a file's name; `splits`: names beside the usual ones."""
    names = "|".join(re.escape(name) for name in (*_SPLIT_NAMES, *splits) if name)
    match = re.fullmatch(rf"(?:(?P<subset>.+?)[_-])?(?P<split>{names})", stem, re.IGNORECASE)
    return (match["subset"] or DEFAULT_SUBSET, match["split"].lower()) if match else (stem, "")


def _data_files(root: Path) -> list[Path]:
    return sorted(file for file in root.iterdir() if file.suffix.lower() in DATA_SUFFIXES)


def _content(root: Path) -> str:
    names = sorted(str(file.relative_to(root)) for file in root.rglob("*") if file.is_file())
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return f"; it holds {shown}" if names else "; it is empty"
