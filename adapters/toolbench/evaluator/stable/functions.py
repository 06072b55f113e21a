"""APIs as functions that a model may call: names, descriptions and parameter schemas.

`upstream` writes them as StableToolBench does: a required parameter called "", a list `optional` that no standard
knows, optional parameters only where there are required ones, and one name for two APIs. `clean` is JSON Schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from adapters.toolbench.contract import Compat
from adapters.toolbench.evaluator.stable import names

FINISH = "Finish"
GIVE_ANSWER, GIVE_UP = "give_answer", "give_up_and_restart"
_LONGEST_DESCRIPTION = 256
_TYPES = {"NUMBER": "integer", "STRING": "string", "BOOLEAN": "boolean"}
_UNUSUAL = re.compile("[^A-Za-z0-9_-]")


class Api(NamedTuple):
    """One API of a tool, as a query or a tool file describes it; parameters `{name, type, description, default}`."""

    category: str
    tool: str
    name: str
    description: str = ""
    required: tuple[Mapping[str, Any], ...] = ()
    optional: tuple[Mapping[str, Any], ...] = ()
    method: str = ""
    template: Any = None

    @property
    def documentation(self) -> dict[str, Any]:
        """Return what there is to know about it."""
        return {
            "tool_name": self.tool,
            "api_name": self.name,
            "api_description": self.description,
            "required_parameters": list(self.required),
            "optional_parameters": list(self.optional),
            "method": self.method,
            **({"template_response": self.template} if self.template is not None else {}),
        }


class Function(NamedTuple):
    """A function as it is offered, and the API behind it: category, tool and API by their standardized names."""

    name: str
    schema: Mapping[str, Any]
    category: str
    tool: str
    api: str


def functions_of(apis: Iterable[Api], compat: Compat) -> tuple[Function, ...]:
    """Return the functions of a query's APIs, in their order."""
    found: list[Function] = []
    taken: set[str] = set()
    for api in apis:
        function = _function(api, compat, taken)
        taken.add(function.name)
        found.append(function)
    return tuple(found)


def finish_function(description: str, answer: str) -> dict[str, Any]:
    """Return the schema of the function that ends a conversation; `answer` describes its final answer."""
    parameters = {
        "type": "object",
        "properties": {
            "return_type": {"type": "string", "enum": [GIVE_ANSWER, GIVE_UP]},
            "final_answer": {"type": "string", "description": answer},
        },
        "required": ["return_type"],
    }
    return _schema(FINISH, description, parameters)


def _function(api: Api, compat: Compat, taken: set[str]) -> Function:
    tool, name = names.standardize(api.tool), names.api_name(api.name)
    called = names.function_name(name, tool)
    if compat == "clean":
        called = _distinct(_UNUSUAL.sub("_", called), taken)
    parameters = _parameters_upstream(api) if compat == "upstream" else _parameters(api)
    return Function(called, _schema(called, _description(api, tool, called), parameters), api.category, tool, name)


def _distinct(name: str, taken: set[str]) -> str:
    """Return a name that no other function has."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name[: names.LONGEST - len(str(number)) - 1]}_{number}"
    return found


def _schema(name: str, description: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


def _description(api: Api, tool: str, called: str) -> str:
    shown = f'This is the subfunction for tool "{tool}", you can use this tool.'
    said = api.description.strip()
    if not said:
        return shown
    said = said.replace(api.name, called) if api.name else said
    return f'{shown}The description of this function is: "{said[:_LONGEST_DESCRIPTION]}"'


def _parameters(api: Api) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(_properties((*api.required, *api.optional), "examples")),
        "required": list(dict.fromkeys(_names(api.required))),
    }


def _parameters_upstream(api: Api) -> dict[str, Any]:
    optional = api.optional if api.required else ()
    return {
        "type": "object",
        "properties": dict(_properties((*api.required, *optional), "example_value")),
        "required": ["", *_names(api.required)],
        "optional": ["", *_names(optional)],
    }


def _names(parameters: Sequence[Mapping[str, Any]]) -> list[str]:
    return [names.api_name(str(parameter.get("name", ""))) for parameter in parameters]


def _properties(parameters: Iterable[Mapping[str, Any]], example: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for parameter in parameters:
        default = parameter.get("default", "")
        shown = {example: default} if str(default) else {}  # StableToolBench shows a null, too
        if example == "examples":
            shown = {} if default is None or not shown else {example: [default]}
        described = {
            "type": _TYPES.get(str(parameter.get("type")), "string"),
            "description": str(parameter.get("description") or "")[:_LONGEST_DESCRIPTION],
            **shown,
        }
        yield names.api_name(str(parameter.get("name", ""))), described
