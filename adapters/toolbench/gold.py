"""What a model that knows all answers, and the judge and the simulator beside it, say: for the mock server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from adapters.toolbench.contract import StableDataset, StaticDataset
from adapters.toolbench.evaluator.data_error import DataError
from adapters.toolbench.evaluator.stable import simulate
from adapters.toolbench.evaluator.stable.cache import Cache
from adapters.toolbench.evaluator.stable.functions import FINISH, GIVE_ANSWER, Function
from adapters.toolbench.evaluator.stable.judging import CHECK
from adapters.toolbench.evaluator.stable.prompts import filled, opening
from adapters.toolbench.evaluator.stable.queries import Query
from adapters.toolbench.evaluator.stable.setting import Material, material
from adapters.toolbench.evaluator.static import data as steps
from adapters.toolbench.evaluator.static.data import Item
from adapters.toolbench.evaluator.static.steps import parse
from adapters.toolbench.translate import task_of
from hub.adapter import Evaluation, Gold, GoldCall
from hub.errors import PrerequisiteError

_NO_ANSWER = "I do not know."
_LONGEST = 400  # of what an answer repeats of an API's
_PLAIN = {"integer": 1, "boolean": True}


def read_gold(evaluation: Evaluation, data: Mapping[str, Path]) -> Iterator[Gold]:
    """Yield the steps and the queries of an evaluation, and what judge and simulator are asked about these.

    Raises:
        PrerequisiteError: the data cannot be read.
    """
    task = task_of(evaluation)
    for single in task.static:
        yield from _readable(single.label, _steps, single, data)
    for agent in task.stable:
        yield from _readable(agent.label, _agent, agent, data)


def _readable(label: str, read: Callable[..., Iterator[Gold]], *arguments: object) -> Iterator[Gold]:
    try:
        yield from read(*arguments)
    except DataError as error:
        message = f"{label}: {error}"
        raise PrerequisiteError(message, hint="a run of the task says the same") from error


def _steps(dataset: StaticDataset, data: Mapping[str, Path]) -> Iterator[Gold]:
    items = steps.read(steps.find(data[dataset.path], dataset.stem), dataset.limit)
    for number, item in enumerate(items):
        turns = [turn["content"] for turn in item.messages if turn["role"] != "assistant"]
        last = turns[-1] if turns else ""
        told = tuple(turn["content"] for turn in item.messages)
        yield Gold(dataset.label, str(number), last, last, item.target, (_other_call(item),), conversation=told)


def _other_call(item: Item) -> str:
    """Return a step that calls another tool than the target does."""
    right = {parse(item.target).action, FINISH}
    other = next((name for name in item.tools if name not in right), "another_tool")
    return f"Thought: I try this one.\nAction: {other}\nAction Input: {{}}"


def _agent(dataset: StableDataset, data: Mapping[str, Path]) -> Iterator[Gold]:
    known = material(dataset, data.__getitem__)
    for query in known.queries:
        yield from _query(dataset, known, query)


class _Call(NamedTuple):
    """What an agent calls, whether its answer is recorded, and what it is."""

    function: Function
    given: Mapping[str, Any]
    recorded: bool
    response: object = None

    @property
    def place(self) -> tuple[str, str, str]:
        """Return the names of the API."""
        return self.function.category, self.function.tool, self.function.api


def _query(dataset: StableDataset, known: Material, query: Query) -> Iterator[Gold]:
    call = _call(known, query)
    if dataset.api == "simulate" and not call.recorded:
        call = call._replace(response=f"what {call.function.api} is asked for")
        yield _simulated(dataset, known, query, call)
    shown = json.dumps(call.response, ensure_ascii=False, default=str)[:_LONGEST]
    said = f"By {call.function.name}: {shown}" if call.response is not None else f"This is done: {query.text}"
    right, wrong = _finish(said), _finish(_NO_ANSWER)
    begun = str(opening(known.prompts, query.text, {})[-1]["content"])
    first = GoldCall(call.function.name, json.dumps(call.given, ensure_ascii=False))
    yield Gold(dataset.label, query.id, begun, query.text, right, (wrong,), answered_by=FINISH, calls=(first,))
    for answer, status in ((right, "Solved"), (wrong, "Unsolved")) if dataset.judge else ():
        asked = filled(known.prompts.check, {"query": query.text, "answer": answer})
        verdict = json.dumps({"answer_status": status, "reason": "The answer is known."})
        yield Gold(dataset.label, query.id, asked, asked, verdict, (), answered_by=CHECK)


def _call(known: Material, query: Query) -> _Call:
    """Return a call whose answer is recorded, else one of the first function with the values that it names."""
    functions = known.functions[query.id]
    recorded = next(_recorded(known.cache, functions), None) if known.cache else None
    if recorded:
        return recorded
    parameters = functions[0].schema["function"]["parameters"]
    wanted = {name: parameters["properties"][name] for name in parameters["required"] if name}
    return _Call(functions[0], {name: _value(schema) for name, schema in wanted.items()}, recorded=False)


def _recorded(cache: Cache, functions: Iterable[Function]) -> Iterator[_Call]:
    for function in functions:
        place = (function.category, function.tool, function.api)
        for given in cache.recorded(*place):
            answer = cache.find(*place, given)
            if answer and not answer.error:
                yield _Call(function, given, recorded=True, response=answer.response)


def _value(schema: Mapping[str, Any]) -> object:
    """Return the value that a parameter's schema gives as example, else one of its type."""
    examples = schema.get("examples") or [schema.get("example_value")]
    return _PLAIN.get(schema["type"], "x") if examples[0] is None else examples[0]


def _finish(answer: str) -> str:
    return json.dumps({"return_type": GIVE_ANSWER, "final_answer": answer}, ensure_ascii=False)


def _simulated(dataset: StableDataset, known: Material, query: Query, call: _Call) -> Gold:
    """Return what the simulator is asked about a call, and a reply of the form that it is to have."""
    examples = known.cache.examples(*call.place) if known.cache else ""
    asked = simulate.question(call.given, known.documentation.of(*call.place), examples)
    reply = json.dumps({"error": "", "response": call.response}, ensure_ascii=False)
    return Gold(dataset.label, query.id, asked, asked, reply, ())
