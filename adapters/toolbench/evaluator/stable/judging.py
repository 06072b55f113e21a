"""Ask the judge: a status of an answer, or the better of two.

It is forced to call a function, and asked again where it does not. What it never says readably is no verdict: None.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeVar

from adapters.toolbench.contract import VERDICT_TRIES
from adapters.toolbench.evaluator.ask import Model, Reply
from adapters.toolbench.evaluator.stable.answers import ends_with_finish
from adapters.toolbench.evaluator.stable.functions import GIVE_UP
from adapters.toolbench.evaluator.stable.prompts import Prompts, filled

Status = Literal["Solved", "Unsure", "Unsolved"]
CHECK, _PARSE, _SELECT = "check_answer_status", "parse_answer_status", "select_better_answer"
GENERATION = {"temperature": 0.2, "max_tokens": 1000}
_STATUSES: tuple[Status, ...] = ("Unsure", "Unsolved", "Solved")
_Found = TypeVar("_Found")


class Verdict(NamedTuple):
    """What is said of an answer; `status` None where the judge said nothing usable, and `reason` why.

    `asked`: the judge was asked, for by the answer's form alone nothing could be said.
    """

    status: Status | None
    reason: str = ""
    asked: bool = True


class Choice(NamedTuple):
    """Which of two answers the judge takes, by its place; None where it said nothing usable."""

    place: int | None
    reason: str = ""


@dataclass(frozen=True)
class Judge:
    """The judge of one data set; `seed` is that of its first question in the first round."""

    model: Model
    prompts: Prompts
    seed: int

    def status(self, sample: str, answer: Mapping[str, Any], number: int) -> Verdict:
        """Return the status of a converted answer in one round, as ToolEval has it.

        One that does not end with `Finish`, or has no answer, or gives up, is Unsolved, and nobody is asked; one of
        which the judge is not sure by the final answer alone is judged again by the whole course.
        """
        attempt = answer["answer"]
        final = str(attempt.get("final_answer") or "")
        if not ends_with_finish(attempt.get("answer_details")):
            return Verdict("Unsolved", "it does not end with Finish", asked=False)
        if not final or GIVE_UP in final:
            return Verdict("Unsolved", "it gives no answer", asked=False)
        asked = {"query": str(answer["query"]), "answer": final}
        verdict = self._ask_status(sample, CHECK, self.prompts.check, asked, number)
        if verdict.status != "Unsure":
            return verdict
        asked["answer"] = json.dumps(attempt, ensure_ascii=False)
        return self._ask_status(sample, _PARSE, self.prompts.parse, asked, number)

    def choose(
        self, sample: str, query: str, answers: tuple[Mapping[str, Any], Mapping[str, Any]], number: int
    ) -> Choice:
        """Return the better one of two converted answers in one round; neither where they are the same."""
        first, second = (json.dumps(answer["answer"], ensure_ascii=False) for answer in answers)
        asked = {"query": query, "answer_0": first, "answer_1": second}
        schema = _schema(_SELECT, {"index": {"type": "integer", "enum": [0, 1]}})
        found, reason = self._ask(sample, schema, filled(self.prompts.select, asked), number, _index)
        return Choice(found, reason)

    def _ask_status(self, sample: str, name: str, text: str, asked: Mapping[str, str], number: int) -> Verdict:
        schema = _schema(name, {"answer_status": {"type": "string", "enum": list(_STATUSES)}})
        told: tuple[Status | None, str] = self._ask(sample, schema, filled(text, asked), number, _status)
        return Verdict(*told)

    def _ask(
        self, sample: str, schema: Mapping[str, Any], text: str, number: int, read: Callable[[Any], _Found | None]
    ) -> tuple[_Found | None, str]:
        """Return what the judge says, and its reason; or None, and why there is nothing."""
        forced = {"type": "function", "function": {"name": schema["function"]["name"]}}
        said = ""
        for attempt in range(VERDICT_TRIES):
            more = {"tools": [schema], "tool_choice": forced, "seed": self.seed + number * VERDICT_TRIES + attempt}
            reply = self.model.ask(sample, [{"role": "user", "content": text}], more)
            if reply.state != "scored":
                return None, f"the judge did not answer: {reply.error}"
            arguments = _arguments(reply)
            found = read(arguments)
            if found is not None:
                return found, str(arguments.get("reason") or "")
            said = reply.text or json.dumps(reply.message.get("tool_calls"), default=str)
        return None, f"the judge said nothing usable, {VERDICT_TRIES} times; the last: {said[:200]}"


def _schema(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {
        "type": "object",
        "properties": {**properties, "reason": {"type": "string"}},
        "required": [*properties, "reason"],
    }
    return {
        "type": "function",
        "function": {"name": name, "description": "Says what was decided.", "parameters": parameters},
    }


def _arguments(reply: Reply) -> dict[str, Any]:
    """Return the arguments of a reply's call; of a server that cannot call, the JSON that it answered."""
    calls = reply.message.get("tool_calls")
    call = calls[0] if isinstance(calls, list) and calls else None
    function = call.get("function") if isinstance(call, dict) else None
    given = function.get("arguments") if isinstance(function, dict) else reply.text
    try:
        found = json.loads(given) if isinstance(given, str) else given
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _status(arguments: Mapping[str, Any]) -> Status | None:
    said = arguments.get("answer_status")
    return next((status for status in _STATUSES if said == status), None)


def _index(arguments: Mapping[str, Any]) -> int | None:
    said = arguments.get("index")
    if isinstance(said, bool):
        return None
    return next((index for index in (0, 1) if said in {index, str(index)}), None) if _plain(said) else None


def _plain(said: object) -> bool:
    return isinstance(said, int | float | str)
