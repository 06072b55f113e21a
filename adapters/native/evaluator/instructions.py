"""Say which of its prompt's instructions an answer follows, strictly and loosely, as IFEval does.

Paper: Zhou et al. 2023, "Instruction-Following Evaluation for Large Language Models", arXiv:2311.07911.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.native.evaluator.instruction_checks import CHECKS, details_of
from adapters.native.evaluator.items import Item


def strict(text: str, item: Item) -> tuple[bool, ...]:
    """Return for each instruction whether the answer follows it; an empty answer follows none."""
    return tuple(_follows(text, name, details) for name, details in _instructions(item))


def loose(text: str, item: Item) -> tuple[bool, ...]:
    """Return for each instruction whether some form of the answer follows it.

    The forms: without the asterisks of its markup, its first line ("Sure, here it is:"), its last line, and every
    combination of these.
    """
    forms = _forms(text)
    return tuple(any(_follows(form, *instruction) for form in forms) for instruction in _instructions(item))


def _follows(text: str, name: str, details: Mapping[str, Any]) -> bool:
    return bool(text.strip()) and CHECKS[name](text, details)


def _instructions(item: Item) -> list[tuple[str, Mapping[str, Any]]]:
    return list(zip(item.accepted, details_of(item.row, len(item.accepted)), strict=True))


def _forms(text: str) -> Sequence[str]:
    lines = text.split("\n")
    whole = [lines, lines[1:], lines[:-1], lines[1:-1]]
    plain = ["\n".join(part).strip() for part in whole]
    return [text, *plain, *(form.replace("*", "") for form in plain)]
