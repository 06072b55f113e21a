"""Compare what a model would do next with what the data say: by the rules of Eval-Scope, and by stricter ones.

Eval-Scope's rules (llmuses 0.4.3) forgive: an item whose reference gives up is dropped unless the model gives up, and
the arguments of a call do not count in the action. The strict figures beside them charge both.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from adapters.toolbench.evaluator.static.rouge import NoWordsError, rouge_l
from adapters.toolbench.evaluator.static.steps import NO_ACTION, NotJsonError, Plan, Step, parse, read_json

Bucket = Literal["easy", "hard", "both"]

# What ToolBench's own runs wrote in the place of a name that they did not know: no model is to learn that from them.
HALLUCINATED = "invalid_hallucination_function_name"
INVALID_REFERENCE = "the reference calls a tool that it made up itself"
UNLISTED_REFERENCE = "the reference calls a tool that is not listed"
UNANSWERED_GIVE_UP = "the reference gives up and the model does not"


@dataclass(frozen=True)
class Agreement:
    """What one item says.

    Attributes:
        dropped: why the item does not count by Eval-Scope's rules; empty where it does.
        hallucinated: the model calls a tool that is not listed.
        plan: whether it does the same kind of thing; None where that does not count.
        action: whether it calls the same tool, of references that call one.
        f1: agreement of the arguments, and in which bucket: `easy` where none are wanted.
        rouge_l: agreement of final answers, of references that answer in words.
        strict_plan, strict_action: whether it does the same, missed giving up included; and whether it makes the same
            call, arguments included. None where the reference itself cannot be used.
    """

    reference: Plan
    prediction: Plan
    dropped: str = ""
    hallucinated: bool = False
    plan: bool | None = None
    action: bool | None = None
    f1: float | None = None
    bucket: Bucket | None = None
    rouge_l: float | None = None
    strict_plan: bool | None = None
    strict_action: bool | None = None


def compare(target: str, prediction: str, tools: Collection[str]) -> Agreement:
    """Return how a prediction agrees with its target, given the names of the tools that the model was shown."""
    reference, step = parse(target), parse(prediction)
    dropped = _why_dropped(reference, step, tools)
    strict_plan, strict_action = _strict(reference, step, tools)
    common = Agreement(reference.plan, step.plan, dropped, strict_plan=strict_plan, strict_action=strict_action)
    if dropped:
        return common
    calls, finishes = reference.plan == "call", reference.plan == "finish"
    f1, bucket = _f1(reference, step) if calls else (None, None)
    return Agreement(
        reference.plan,
        step.plan,
        hallucinated=step.action is not None and step.action != NO_ACTION and step.action not in tools,
        plan=reference.plan == step.plan,
        action=_named(step) == reference.action if calls else None,
        f1=f1,
        bucket=bucket,
        rouge_l=_rouge_l(step.answer or NO_ACTION, reference.answer or "") if finishes else None,
        strict_plan=strict_plan,
        strict_action=strict_action,
    )


def _why_dropped(reference: Step, step: Step, tools: Collection[str]) -> str:
    """Return why Eval-Scope leaves an item out: a reference that cannot be used, unless the model gives up."""
    if reference.action == HALLUCINATED:
        return INVALID_REFERENCE
    if step.action is None or reference.action == NO_ACTION or reference.action in tools:
        return ""
    return UNANSWERED_GIVE_UP if reference.action is None else UNLISTED_REFERENCE


def _strict(reference: Step, step: Step, tools: Collection[str]) -> tuple[bool | None, bool | None]:
    """Return whether plan and call agree, where the reference can be used, whatever the model does."""
    if reference.action is not None and reference.action not in {*tools, NO_ACTION}:
        return None, None
    if reference.plan != "call":
        return reference.plan == step.plan, None
    try:
        wanted = read_json(reference.arguments or "")
    except NotJsonError:
        return step.plan == "call", None
    return step.plan == "call", step.action == reference.action and _arguments(step) == wanted


def _arguments(step: Step) -> object:
    try:
        return read_json(step.arguments or "")
    except NotJsonError:
        return NotJsonError  # equal to nothing that JSON can be


def _named(step: Step) -> str:
    return step.action or NO_ACTION


def _f1(reference: Step, step: Step) -> tuple[float | None, Bucket | None]:
    """Return the agreement of arguments; none where the reference's own cannot be read."""
    if _named(step) != reference.action:
        return 0.0, "both"
    try:
        wanted = read_json(reference.arguments or "")
    except NotJsonError:
        return None, None
    given = _arguments(step)
    bucket: Bucket = "easy" if wanted == {} else "hard"
    if not isinstance(wanted, dict) or not isinstance(given, dict):
        return 0.0, bucket
    return (float(given == {}) if not wanted else _shared(wanted, given)), bucket


def _shared(wanted: dict[str, object], given: dict[str, object]) -> float:
    """Return F1 over keys: 1 for a key with the same value, 1/2 for one with another (`3 == 3.0`, `True == 1`)."""
    agreed = sum(1.0 if given[key] == value else 0.5 for key, value in wanted.items() if key in given)
    if not agreed:
        return 0.0
    recall, precision = agreed / len(wanted), agreed / len(given)
    return 2 * recall * precision / (recall + precision)


def _rouge_l(answer: str, wanted: str) -> float | None:
    """Return how alike two answers are; where Eval-Scope crashes, one without words agrees in none."""
    if not wanted.strip("."):
        return None
    try:
        return rouge_l(answer, wanted)
    except NoWordsError:
        return 0.0
