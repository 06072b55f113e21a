"""StableToolBench's prompts are read out of a copy of it, as texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.toolbench.evaluator.data_error import DataError
from adapters.toolbench.evaluator.stable.upstream import read

_FILES = {
    "toolbench/inference/Prompts/ReAct_prompts.py": (
        'import nothing_there\nFORMAT_INSTRUCTIONS_SYSTEM_FUNCTION = """S {task_description}"""\n'
    ),
    "toolbench/inference/Prompts/Tree_search_prompts.py": 'DIVERSITY_PROMPT = "D {previous_candidate}"\n',
    "toolbench/inference/Downstream_tasks/rapidapi_multithread.py": (
        "class A:\n    def f(self):\n        g = {'name': 'Finish', 'description': 'F',"
        " 'p': {'final_answer': {'description': 'A'}}}\n"
        "        self.task_description = f'''T\n'''\n        self.task_description += f'{g}'\n"
    ),
    "toolbench/tooleval/evaluators/tooleval_gpt-3.5-turbo_default/template.txt": "\n".join(
        f"<function>\n<name>{name}</name>\n<description>\n{name}: {{query}}\n</description>\n</function>\n"
        for name in ("check_answer_status", "parse_answer_status", "check_task_solvable", "select_better_answer")
    ),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for place, text in _FILES.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text)
    return tmp_path


def test_every_text_is_found(copy: Path) -> None:
    found = read(copy)

    assert found == (
        *("upstream", "S {task_description}", "T\n", "F", "A", "D {previous_candidate}"),
        *("check_answer_status: {query}", "parse_answer_status: {query}", "select_better_answer: {query}"),
    )


@pytest.mark.parametrize("place", _FILES)
def test_what_is_missing_is_named(copy: Path, place: str) -> None:
    (copy / place).unlink()

    with pytest.raises(DataError, match=Path(place).name):
        read(copy)


@pytest.mark.parametrize("place", _FILES)
def test_what_is_something_else_is_no_prompt(copy: Path, place: str) -> None:
    (copy / place).write_text("x = (")

    with pytest.raises(DataError, match="upstream prompts"):
        read(copy)
