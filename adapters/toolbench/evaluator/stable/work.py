"""Work on one query: let the agent search, write down what it did, let it be judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from adapters.toolbench.contract import StableDataset, Task
from adapters.toolbench.evaluator.ask import Message, Model
from adapters.toolbench.evaluator.stable.answers import answer_file, converted
from adapters.toolbench.evaluator.stable.conversation import Conversation, UnansweredError
from adapters.toolbench.evaluator.stable.ending import final_answer
from adapters.toolbench.evaluator.stable.environment import Environment
from adapters.toolbench.evaluator.stable.facts import Facts, facts_of
from adapters.toolbench.evaluator.stable.functions import finish_function
from adapters.toolbench.evaluator.stable.prompts import opening
from adapters.toolbench.evaluator.stable.queries import Query
from adapters.toolbench.evaluator.stable.search import Found, Limits, Tree, follow_chains
from adapters.toolbench.evaluator.stable.setting import Setting
from adapters.toolbench.evaluator.stable.simulate import TRIES, LostError
from adapters.toolbench.evaluator.stable.tooleval import Judgement, judged
from adapters.toolbench.evaluator.stable.trace import closing, turns

_REMOTE_TIMEOUT_S = 60.0


class Outcome(NamedTuple):
    """What became of a query; `facts` None where it could not be worked on to its end.

    Attributes:
        sample: the line of predictions.jsonl.
        answer, converted: as StableToolBench's inference writes it, and as ToolEval reads it.
    """

    id: str
    sample: Mapping[str, Any]
    facts: Facts | None = None
    answer: Mapping[str, Any] | None = None
    converted: Mapping[str, Any] | None = None
    judgement: Judgement | None = None


class Worker:
    """Works on the queries of one data set; `url` is that of the virtual API server."""

    def __init__(self, setting: Setting, task: Task, url: str) -> None:
        """Keep what all queries share."""
        self._setting = setting
        self._dataset = setting.dataset
        self._model = Model("candidate", self._dataset.label, self._dataset.generation, task.request_timeout_s)
        patience_s = _REMOTE_TIMEOUT_S if self._dataset.url else task.request_timeout_s * (TRIES + 1)
        self._url, self._patience_s = url, patience_s

    def work(self, query: Query) -> Outcome:
        """Return what became of a query."""
        setting, dataset = self._setting, self._dataset
        functions, tools = setting.functions[query.id], setting.tools[query.id]
        limit = dataset.observation_limit
        environment = Environment(query.id, functions, self._url, dataset.compat, limit, self._patience_s)
        offered = [
            *(function.schema for function in functions),
            finish_function(setting.prompts.finish, setting.prompts.final_answer),
        ]
        conversation = Conversation(self._model, environment, offered, dataset.max_calls, dataset.max_steps)
        start = opening(setting.prompts, query.text, tools.descriptions)
        found = Found()
        try:
            search(found, conversation, start, dataset, setting.prompts.diversity)
        except UnansweredError as error:
            return self._unfinished(query, start, found, error.reply.state, error.reply.error)
        except LostError as error:
            return self._unfinished(query, start, found, error.state, str(error))
        answer = answer_file(dataset, query.text, found, conversation, offered)
        readable = converted(dataset, answer, found)
        judgement = self._judged(query.id, readable)
        facts = facts_of(found, conversation, tools.synthetic)
        sample = _sample(query, start, found, facts, judgement)
        measured = {
            "latency_s": round(conversation.latency_s, 6),
            "tokens_in": conversation.tokens_in,
            "tokens_out": conversation.tokens_out,
        }
        return Outcome(query.id, {**sample, **measured}, facts, answer, readable, judgement)

    def _judged(self, name: str, answer: Mapping[str, Any]) -> Judgement | None:
        judge = self._setting.judge
        return judged(judge, name, answer, self._dataset.rounds, self._setting.reference) if judge else None

    def _unfinished(self, query: Query, start: list[Message], found: Found, state: str, error: str) -> Outcome:
        sample = {"id": query.id, "state": state, "prompt": [*start, *turns(found)], "error": error}
        return Outcome(query.id, sample)


def search(
    found: Found, conversation: Conversation, start: list[Message], dataset: StableDataset, diversity: str
) -> None:
    """Let the agent go its way.

    Raises:
        UnansweredError, LostError: as Conversation.extend.
    """
    if dataset.method == "cot":
        limits = Limits(dataset.tries, dataset.max_steps, dataset.generation.get("seed"))
        follow_chains(found, conversation, start, limits)
    else:
        Tree(found, conversation, Limits(dataset.width, dataset.max_steps), diversity).search(start)


def _sample(
    query: Query, start: list[Message], found: Found, facts: Facts, judgement: Judgement | None
) -> dict[str, Any]:
    last = found.answer
    lost = judgement.lost if judgement else ""
    scores = {"finish_rate": float(facts.finished), "give_up_rate": float(facts.gave_up)}
    if judgement and judgement.score is not None:
        scores["sopr"] = judgement.score
    if judgement and judgement.outcome:
        scores["sowr"] = float(judgement.outcome == "win")
    return {
        "id": query.id,
        "state": "judge_fallback" if lost else "scored",
        "prompt": [*start, *turns(found), *closing(facts, judgement)],
        "prediction": last.description if last else "",
        "answer": final_answer(last.description) if last else None,
        "scores": scores,
        "error": lost,
    }
