"""Programming problems: their rows, the programs in answers, the verdict."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.native.evaluator.errors import RowError
from adapters.native.evaluator.programs import Problem, extract_program, read_problem, verdict_on
from adapters.native.evaluator.reader import Row

HEADED = {
    "question": ["prompt"],
    "answer": ["canonical_solution"],
    "tests": ["test"],
    "entry_point": ["entry_point"],
}
LISTED = {
    "question": ["text"],
    "answer": ["code"],
    "tests": ["test_list"],
    "setup": ["setup"],
    "imports": ["imports"],
}
PROMPT = (
    "import math\n\n\ndef half(x):\n    return x / 2\n\n\n"
    'def quarter(x):\n    """Return a quarter.\n    >>> quarter(8)\n    2.0\n    """\n'
)
QUARTER: dict[str, Any] = {
    "prompt": PROMPT,
    "canonical_solution": "    return half(half(x))\n",
    "test": "def check(candidate):\n    assert candidate(8) == half(4)\n    assert candidate(0) == 0\n",
    "entry_point": "quarter",
}
TWICE: dict[str, Any] = {
    "text": "Write a function to double a number.",
    "code": "def twice(n):\n    return 2 * n",
    "test_list": ["assert twice(2) == 4", "assert twice(0) == 0"],
    "setup": "",
    "imports": ["import math"],
}


def quarter(**changes: object) -> Problem:
    """Return the problem with a head."""
    return read_problem(Row({**QUARTER, **changes}, "line 1"), HEADED)


def twice(**changes: object) -> Problem:
    """Return the problem with a list of assertions."""
    return read_problem(Row({**TWICE, **changes}, "line 1"), LISTED)


def passes(answer: str, problem: Problem) -> bool:
    """Return whether the program in an answer passes."""
    program = extract_program(answer, problem)
    return program is not None and verdict_on(program, problem, time_s=10).passed


def test_the_reference_solutions_pass() -> None:
    assert passes(QUARTER["canonical_solution"], quarter())
    assert passes(TWICE["code"], twice())


@pytest.mark.parametrize(
    "answer",
    [
        "    return x / 4",
        "```python\ndef quarter(x):\n    return x / 4\n```",
        "Here it is:\n\n```python\nimport math\n\ndef quarter(x):\n    return half(half(x))\n```\nIt halves twice.",
        "```\n    return x / 4\n```",
        "```python\nquarter = lambda x: x / 4\n```",
        "<think>def quarter(x): return 0</think>\n```py\ndef quarter(x):\n    return x / 4\n```",
        "```python\ndef quarter(x):\n    return x / 4\n```\nUse it so:\n```python\nprint(quarter(8))\n```",
        "Try:\n```python\ndef quarter(x):\n    return x\n```\nNo:\n```\ndef quarter(x):\n    return x / 4\n```",
        "```python\ndef quarter(x):\n    return x / 4",  # cut off before the fence closes
        "```python\r\ndef quarter(x):\r\n    return x / 4\r\n```",
    ],
)
def test_a_function_is_found_and_completed(answer: str) -> None:
    assert passes(answer, quarter())


@pytest.mark.parametrize(
    "answer",
    [
        "[BEGIN]\ndef twice(n):\n    return n + n\n[DONE]",
        "def twice(n):\n    return n + n\n[DONE]\nAnd now the next task",
        "```python\ndef twice(n):\n    return n + n\n```",
    ],
)
def test_a_program_is_found(answer: str) -> None:
    assert passes(answer, twice())


@pytest.mark.parametrize("answer", ["", "  \n", "<think>never stopped", "```python\n```"])
def test_nothing_is_no_program(answer: str) -> None:
    assert extract_program(answer, quarter()) is None


def test_other_languages_are_no_programs() -> None:
    answer = "```bash\npip install x\n```\n```python\ndef twice(n):\n    return 2 * n\n```\n```json\n{}\n```"

    assert extract_program(answer, twice()) == "def twice(n):\n    return 2 * n\n"


def test_a_wrong_answer_fails_and_says_which_test() -> None:
    verdict = verdict_on("def twice(n):\n    return 4", twice(), time_s=10)

    assert verdict.why == "AssertionError in: assert twice(0) == 0"


def test_helpers_of_the_prompt_are_the_tests_own() -> None:
    assert not passes("```python\ndef half(x):\n    return 7\ndef quarter(x):\n    return 7\n```", quarter())


def test_only_what_the_reference_defines_is_taken_from_a_program() -> None:
    problem = twice(test_list=["assert set([twice(2)]) == {4}"])

    assert problem.tests.names == ("twice",)


def test_a_problem_whose_function_is_called_as_a_builtin_is_tests_of_the_function() -> None:
    problem = twice(code="def sum(a, b):\n    return a * b", test_list=["assert sum(2, 3) == 6"])

    assert passes("def sum(a, b):\n    return a * b", problem)


def test_a_setup_that_uses_a_class_of_the_program() -> None:
    problem = twice(
        code="class Node:\n    def __init__(self, v):\n        self.v = v\ndef value(node):\n    return node.v",
        setup="root = Node(5)",
        test_list=["assert value(root) == 5"],
    )

    assert problem.tests.names == ("Node", "value")
    assert passes(
        "class Node:\n    def __init__(self, v):\n        self.v = v\ndef value(n):\n    return n.v", problem
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"entry_point": "third"}, "does not begin the function 'third'"),
        ({"test": "assert quarter(8) == 2"}, "defines no function check"),
        ({"test": "def check(:"}, "cannot be read as Python"),
        ({"test": 5}, "neither code nor a list"),
    ],
)
def test_a_row_that_tests_nothing_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(RowError, match=message):
        quarter(**change)


def test_assertions_about_something_else_are_refused() -> None:
    with pytest.raises(RowError, match="nothing that the reference program defines"):
        twice(test_list=["assert other(2) == 4"])


def test_a_column_that_is_not_there_is_named() -> None:
    row = {key: value for key, value in TWICE.items() if key != "test_list"}

    with pytest.raises(RowError, match="no column 'test_list'"):
        read_problem(Row(row, "line 1"), LISTED)
