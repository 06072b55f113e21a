"""Steps of an agent in ToolBench's form, for the tests of its evaluator."""

from __future__ import annotations

import json
from typing import Any

from hub.adapter import DatasetRequest, Evaluation, ModelTarget

TOOLS = ("weather", "cities", "Finish")
ENDPOINT = ModelTarget(name="served", via="endpoint", remote_model="any", identity="url")


def call(action: str, arguments: object = None, *, raw: str | None = None) -> str:
    """Return a step that calls a tool; `raw` in the place of JSON."""
    return f"Thought: I think.\nAction: {action}\nAction Input: {json.dumps(arguments or {}) if raw is None else raw}"


def answer(text: object) -> str:
    """Return a step that ends with an answer."""
    return call("Finish", {"return_type": "give_answer", "final_answer": text})


GIVE_UP = call("Finish", {"return_type": "give_up_and_restart"})


def step(target: str, question: str = "What?") -> dict[str, Any]:
    """Return an item of a data set."""
    messages = [{"role": "system", "content": "Act.", "name": None}, {"role": "user", "content": question}]
    return {"messages": messages, "target": target, "tools": [{"name": name} for name in TOOLS]}


def evaluation(**fields: Any) -> Evaluation:
    """Return an evaluation of one data set."""
    request = DatasetRequest(**{"name": "static/in_domain", "label": "static/in_domain", **fields})
    return Evaluation("toolbench", ENDPOINT, (request,), seed=7)
