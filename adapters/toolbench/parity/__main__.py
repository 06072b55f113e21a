"""Compare an evaluation here with one by StableToolBench's own programs, file by file.

    python -m adapters.toolbench.parity tools QUERIES FOLDER      write tool files that both sides read
    python -m adapters.toolbench.parity compare OURS THEIRS       OURS: a data set's folder of a job's output;
        [--pass-rate FILE]                                        THEIRS: the folder of upstream's answer files

The exit code is 0 where everything is the same, 1 where something differs, 2 where something cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from adapters.toolbench.contract import ANSWERS_FOLDER, JUDGEMENTS_FILE
from adapters.toolbench.evaluator.data_error import DataError
from adapters.toolbench.evaluator.stable import queries
from adapters.toolbench.parity import answers, rates, tool_files


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say, and return the exit code."""
    given = _parser().parse_args(arguments)
    try:
        if given.command == "tools":
            number = tool_files.write(queries.read(given.queries, None), given.folder)
            sys.stdout.write(f"{number} tool files in {given.folder}\n")
            return 0
        return _compare(given.ours, given.theirs, given.pass_rate)
    except (OSError, ValueError, LookupError, TypeError, RecursionError, DataError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m adapters.toolbench.parity",
        description="Compare an evaluation here with one by StableToolBench's own programs.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    tools = commands.add_parser("tools", help="write tool files, made up from queries, that both sides read")
    tools.add_argument("queries", type=Path, help="a file of queries")
    tools.add_argument("folder", type=Path, help="where the files go; the task's option `tools`")
    compare = commands.add_parser("compare", help="compare answer files, and pass rates")
    compare.add_argument("ours", type=Path, help="a data set's folder in a job's output")
    compare.add_argument("theirs", type=Path, help="the folder of upstream's answer files")
    compare.add_argument("--pass-rate", type=Path, help="upstream's result file: <set>_<model>.json")
    return parser


def _compare(ours: Path, theirs: Path, pass_rate: Path | None) -> int:
    mine, other = _files(ours / ANSWERS_FOLDER), _files(theirs)
    names = [name for name in mine if name in other]
    found = {name: answers.differences(_json(mine[name]), _json(other[name])) for name in names}
    lines = [f"{name}: {difference}" for name, listed in found.items() for difference in listed]
    lines += [f"{name}: answered here alone" for name in mine if name not in other]
    lines += [f"{name}: answered there alone" for name in other if name not in mine]
    same = sum(not listed for listed in found.values())
    told = [f"{same} of {len({*mine, *other})} queries are the same, request for request"]
    if pass_rate is not None:
        labels, verdicts = rates.upstream(_json(pass_rate)), rates.ours(_lines(ours / JUDGEMENTS_FILE))
        lines += rates.differences(verdicts, labels)
        pairs = (("ours", verdicts), ("theirs", labels))
        told += [
            f"solvable pass rate, {name}: {100 * one.rate[0]:.1f} % +- {100 * one.rate[1]:.1f}" for name, one in pairs
        ]
    sys.stdout.write("\n".join([*lines, *told, ""]))
    return int(bool(lines))


def _files(folder: Path) -> dict[str, Path]:
    found = {path.stem: path for path in sorted(folder.glob("*.json")) if not path.name.startswith(".")}
    if not found:
        raise ValueError(f"{folder}: there are no answer files, <query id>_<method>.json")
    return found


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error


def _lines(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8", errors="replace") as file:
        yield from (json.loads(line) for line in file if line.strip())


if __name__ == "__main__":
    sys.exit(main())
