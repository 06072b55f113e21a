"""Programs are judged by their tests, and no program has any way to pass but by being right."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from pathlib import Path

import pytest

from adapters.native.evaluator.sandbox import box
from adapters.native.evaluator.sandbox.box import Limits, ProgramTests, SandboxError, Verdict, judge
from tests.fakes.hostile_programs import FAILING, NAME, REFUSED, RIGHT, TESTS, refused

SQUARE = ProgramTests(setup="", code=f"{TESTS}\ncheck({NAME})", names=(NAME,))
SHORT = Limits(time_s=1.0)


def test_a_right_program_passes() -> None:
    assert judge(RIGHT, SQUARE) == Verdict(passed=True)


def test_a_wrong_program_fails_with_the_test_that_found_it() -> None:
    verdict = judge("def square(x):\n    return x + x", SQUARE)

    assert verdict == Verdict(passed=False, why="AssertionError in: assert candidate(-3) == 9")


@pytest.mark.parametrize("name", FAILING)
def test_a_hostile_program_fails_and_nothing_else_happens(name: str) -> None:
    program = FAILING[name]

    verdict = judge(program.source, SQUARE, SHORT if program.ends else Limits())

    assert not verdict.passed
    assert program.why in verdict.why
    assert judge(RIGHT, SQUARE).passed  # the next one finds everything as it was


@pytest.mark.skipif(platform.machine() != "x86_64", reason="system calls are given by their numbers")
@pytest.mark.parametrize("name", REFUSED)
def test_a_program_is_refused(name: str) -> None:
    assert judge(refused(REFUSED[name]), SQUARE) == Verdict(passed=True)


def test_a_program_leaves_nothing_behind() -> None:
    judge("import time\ntime.sleep(3600)", SQUARE, SHORT)

    deadline = time.monotonic() + 10  # the kernel ends the second process when it has ended the first
    while left := [name for name in _processes() if f"sandbox\0{os.getpid()}" in _command(name)]:
        assert time.monotonic() < deadline, left


def _processes() -> list[str]:
    return [entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def test_neither_the_environment_nor_the_folder_of_the_evaluator_reach_a_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HUB_TOKEN", "canary")
    tests = ProgramTests(
        setup="", code="assert 'canary' not in told()\nassert folder() == '/'", names=("told", "folder")
    )
    program = "import os\ndef told():\n    return str(dict(os.environ))\ndef folder():\n    return os.getcwd()"

    assert judge(program, tests) == Verdict(passed=True)


def test_a_program_does_not_know_its_tests() -> None:
    tests = ProgramTests(
        setup="", code="canary = 'found you'[::-1]\nassert canary not in memory()", names=("memory",)
    )
    program = (
        "import gc, sys\ndef memory():\n    frame, found = sys._getframe(), []\n    while frame:\n"
        "        found.append(str(frame.f_locals))\n        frame = frame.f_back\n"
        "    return str(found) + str([o for o in gc.get_objects() if isinstance(o, dict)])[:1000000]"
    )

    assert judge(program, tests) == Verdict(passed=True)


def test_a_program_may_import_the_standard_library_wherever_it_does_so() -> None:
    program = (
        "def square(x):\n    import statistics\n    from collections import Counter\n    import xml.dom.minidom\n"
        "    from datetime import datetime\n    datetime.strptime('2020-01-01', '%Y-%m-%d')\n    return x * x"
    )

    assert judge(program, SQUARE) == Verdict(passed=True)


def test_a_module_that_is_not_there_is_the_programs_failure() -> None:
    assert judge("import no_such_module", SQUARE).why.startswith("ModuleNotFoundError")


def test_a_program_may_start_threads_and_use_dataclasses() -> None:
    program = (
        "from __future__ import annotations\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "from dataclasses import dataclass\n@dataclass\nclass Number:\n    value: int\n"
        "def square(x):\n    with ThreadPoolExecutor(4) as pool:\n"
        "        return list(pool.map(lambda n: n.value * n.value, [Number(x)]))[0]"
    )

    assert judge(program, SQUARE) == Verdict(passed=True)


def test_tests_use_a_class_of_the_program() -> None:
    program = (
        "class Node:\n    def __init__(self, value):\n        self.value, self.left = value, None\n"
        "def total(node):\n    return node.value + (total(node.left) if node.left else 0)"
    )
    code = "root = Node(1)\nroot.left = Node(2)\nassert total(root) == 3\nassert root.left.value == 2"

    assert judge(program, ProgramTests("", code, ("Node", "total"))) == Verdict(passed=True)


def test_a_programs_exception_is_the_tests_exception() -> None:
    code = "try:\n    f()\nexcept ValueError as error:\n    assert str(error) == 'no'\nelse:\n    assert False"

    assert judge("def f():\n    raise ValueError('no')", ProgramTests("", code, ("f",))) == Verdict(passed=True)


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        ("1 << 200", "1 << 200"),
        ("0.1 + 0.2", "0.30000000000000004"),
        ("float('inf')", "float('inf')"),
        ("(1, [2, {3}], {'a': b'x', 1: None})", "(1, [2, {3}], {'a': b'x', 1: None})"),
        ("frozenset({complex(1, 2)})", "frozenset({1 + 2j})"),
        ("__import__('collections').Counter('aab')", "{'a': 2, 'b': 1}"),
        ("__import__('fractions').Fraction(1, 2)", "0.5"),
        ("__import__('decimal').Decimal('2')", "2"),
        ("'\\ud800'", "'\\ud800'"),
    ],
)
def test_a_value_compares_as_it_does_in_one_process(made: str, wanted: str) -> None:
    tests = ProgramTests("", f"assert f() == {wanted}", ("f",))

    assert judge(f"def f():\n    return {made}", tests) == Verdict(passed=True)


def test_what_a_program_yields_is_iterated_over() -> None:
    tests = ProgramTests("", "assert list(f()) == [0, 1, 4]\nassert sorted(g()) == [1, 2]", ("f", "g"))
    program = "def f():\n    return (x * x for x in range(3))\ndef g():\n    return {2: 0, 1: 0}.keys()"

    assert judge(program, tests) == Verdict(passed=True)


def test_only_names_of_the_problem_are_the_programs() -> None:
    tests = ProgramTests("", "assert set(f()) == {1}\nassert len(f()) == 3", ("f",))
    program = "def set(x):\n    return 0\ndef len(x):\n    return 3\ndef f():\n    return [1]"

    assert judge(program, tests).why == "AssertionError in: assert len(f()) == 3"


def test_the_setup_stands_beside_the_tests() -> None:
    tests = ProgramTests(
        "import math\ndef twice(x):\n    return 2 * x", "assert f(4) == twice(math.sqrt(4)) / 2", ("f",)
    )

    assert judge("def f(x):\n    return 2", tests) == Verdict(passed=True)


def test_where_a_program_cannot_be_shut_in_it_is_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(box, "_MODULE", "platform")

    with pytest.raises(SandboxError, match="broke off"):
        judge(RIGHT, SQUARE)


def test_no_process_is_an_error_and_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)

    with pytest.raises(SandboxError, match="no process can be started"):
        judge(RIGHT, SQUARE)
