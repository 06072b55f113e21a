"""A programming problem: read from its row, a program read out of an answer, and the verdict of its tests.

Two shapes of rows are known. HumanEval's names an entry point: its question is the head of a function, and its test
defines `check(candidate)`. MBPP's has a list of assertions; what these take from a program is what the reference
program defines.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.native.evaluator.cells import Cell, Columns, filled, needed, optional
from adapters.native.evaluator.errors import RowError
from adapters.native.evaluator.reader import Row
from adapters.native.evaluator.sandbox.box import Limits, ProgramTests, Verdict, judge
from adapters.native.evaluator.thoughts import without_thoughts

_BLOCK = re.compile(
    r"^[ \t]*```[ \t]*(?P<language>[\w+-]*)[^\n]*\n(?P<code>.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE
)
_MARKS = re.compile(r"\A\s*\[BEGIN\][ \t]*\n?|\n?\[DONE\].*\Z", re.DOTALL)
_PYTHON = frozenset({"", "python", "python3", "py"})


@dataclass(frozen=True)
class Problem:
    """What a program is made of, and what it must pass.

    Attributes:
        head: what an answer without the whole function goes on from; empty where every answer is a whole program.
        lead: the part of `head` in front of the function: imports, other functions.
    """

    tests: ProgramTests
    head: str = ""
    lead: str = ""


def read_problem(row: Row, columns: Columns) -> Problem:
    """Return the problem of a row.

    Raises:
        RowError: a column is missing, or its tests test nothing.
    """
    return _completion(row, columns) if "entry_point" in columns else _assertions(row, columns)


def problem_of(row: Mapping[str, Any], columns: Columns, name: str) -> Problem:
    """Return the problem of a sample whose row was read before."""
    return read_problem(Row(dict(row), f"sample {name!r}"), columns)


def extract_program(text: str, problem: Problem) -> str | None:
    """Return the program that an answer gives, None where it gives none.

    It is the last block of code that defines what the tests want, else the last one, else the answer as it stands.
    """
    answer = _MARKS.sub("", without_thoughts(text))
    blocks = [found["code"] for found in _BLOCK.finditer(answer) if found["language"].lower() in _PYTHON]
    defining = [block for block in blocks if _defines(block, problem.tests.names)]
    code = (defining or blocks or [answer])[-1].rstrip()
    if not code.strip():
        return None
    if not problem.head:
        return code + "\n"
    return (f"{problem.lead}\n" if _defines(code, problem.tests.names) else problem.head) + code + "\n"


def verdict_on(program: str, problem: Problem, *, time_s: float) -> Verdict:
    """Return whether a program passes its tests.

    Raises:
        SandboxError: no program can be judged here.
    """
    return judge(program, problem.tests, Limits(time_s=time_s))


def _completion(row: Row, columns: Columns) -> Problem:
    head, entry = str(needed(row, columns, "question").value), filled(needed(row, columns, "entry_point"))
    test = _source(needed(row, columns, "tests"))
    found = list(re.finditer(rf"^(?:async[ \t]+)?def[ \t]+{re.escape(entry)}\b", head, re.MULTILINE))
    if not found:
        raise RowError(row.place, f"the prompt does not begin the function {entry!r}", hint="Mend the entry point.")
    lead = head[: found[-1].start()]
    if "check" not in _defined(_parsed(test, row, "tests")):
        raise RowError(row.place, "the test defines no function check(candidate)")
    return Problem(ProgramTests(lead, f"{test}\n\ncheck({entry})", (entry,)), head, lead)


def _assertions(row: Row, columns: Columns) -> Problem:
    cells = (optional(row, columns, role) for role in ("setup", "imports"))
    parts = [*(_source(cell) for cell in cells if cell), _source(needed(row, columns, "tests"))]
    code = "\n".join(part for part in parts if part)
    used = {node.id for node in ast.walk(_parsed(code, row, "tests")) if isinstance(node, ast.Name)}
    reference = _parsed(str(needed(row, columns, "answer").value), row, "reference program")
    names = tuple(sorted(used & set(_defined(reference))))
    if not names:
        raise RowError(row.place, "the tests use nothing that the reference program defines")
    return Problem(ProgramTests("", code, names))


def _source(cell: Cell) -> str:
    """Return the code of a cell: a text, or a list of lines."""
    if isinstance(cell.value, list) and all(isinstance(line, str) for line in cell.value):
        return "\n".join(cell.value)
    if isinstance(cell.value, str):
        return cell.value
    raise RowError(cell.place, f"{cell.name} is neither code nor a list of lines of code")


def _parsed(source: str, row: Row, what: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise RowError(row.place, f"the {what} cannot be read as Python: {error}") from error


def _defined(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a program binds at its top level."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))


def _defines(code: str, names: tuple[str, ...]) -> bool:
    """Return whether code seems to define one of `names`; it is a model's, and is not parsed in this process."""
    wanted = "|".join(map(re.escape, names))
    pattern = rf"^(?:(?:async[ \t]+)?def[ \t]+|class[ \t]+)?(?:{wanted})\b[ \t]*(?:[(:=]|\Z)"
    return re.search(pattern, code, re.MULTILINE) is not None
