"""Self-made programming problems in HumanEval's columns, for tests and for no other purpose."""

from __future__ import annotations

from typing import Any

_PARTS = {
    "square": ("x", "x * x", "2) == 4", "-3) == 9"),
    "half": ("x", "x / 2", "3) == 1.5", "0) == 0"),
    "both": ("a, b", "[a, b]", "1, 2) == [1, 2]", "'x', None) == ['x', None]"),
    "length": ("text", "len(text)", "'four') == 4", "'') == 0"),
}
PROBLEMS: list[dict[str, Any]] = [
    {
        "task_id": f"Made/{number}",
        "prompt": f'def {name}({parameters}):\n    """Return the {name} of what is given."""\n',
        "entry_point": name,
        "canonical_solution": f"    return {result}\n",
        "test": "def check(candidate):\n" + "".join(f"    assert candidate({test}\n" for test in tests),
    }
    for number, (name, (parameters, result, *tests)) in enumerate(_PARTS.items())
]


def asked_for(prompt: str) -> dict[str, Any]:
    """Return the problem that a prompt asks about."""
    return next(problem for problem in PROBLEMS if f"def {problem['entry_point']}(" in prompt)


def right_program(problem: dict[str, Any]) -> str:
    """Return the reference program as a chat model would write it."""
    return f"Here it is:\n```python\n{problem['prompt']}{problem['canonical_solution']}```\nThat is all."
