"""Everything that the queries of one data set share: data, prompts, tools, recorded answers, judge."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from adapters.runtime import job
from adapters.toolbench.contract import StableDataset, Task
from adapters.toolbench.evaluator.ask import Model
from adapters.toolbench.evaluator.data_error import DataError
from adapters.toolbench.evaluator.stable import judging, queries, reference, simulate, upstream
from adapters.toolbench.evaluator.stable.cache import Cache, Place
from adapters.toolbench.evaluator.stable.functions import Function, functions_of
from adapters.toolbench.evaluator.stable.judging import Judge
from adapters.toolbench.evaluator.stable.prompts import OWN, Prompts
from adapters.toolbench.evaluator.stable.queries import Query
from adapters.toolbench.evaluator.stable.server import VirtualApis
from adapters.toolbench.evaluator.stable.simulate import Simulator
from adapters.toolbench.evaluator.stable.tooleval import Reference
from adapters.toolbench.evaluator.stable.tools import Tools, fingerprint, tools_of

_CACHE, _TOOLS = "tool_response_cache", "tools"
_DEEPEST = 3


class Material(NamedTuple):
    """What is known of a data set before anybody is asked; tools and functions by the query's id."""

    queries: tuple[Query, ...]
    prompts: Prompts
    tools: Mapping[str, Tools]
    functions: Mapping[str, tuple[Function, ...]]
    cache: Cache | None

    @property
    def documentation(self) -> Documentation:
        """Return what there is to know of the APIs."""
        return Documentation(self.tools, self.functions)


@dataclass(frozen=True)
class Setting:
    """What one data set is evaluated with; tools and functions by the query's id.

    Attributes:
        recorded: fingerprint of the answers that are recorded of its APIs; empty where there are none.
        described: fingerprint of what tool files say of its tools; empty where there are none.
    """

    dataset: StableDataset
    queries: tuple[Query, ...]
    prompts: Prompts
    tools: Mapping[str, Tools]
    functions: Mapping[str, tuple[Function, ...]]
    apis: VirtualApis
    judge: Judge | None
    reference: Reference | None
    recorded: str = ""
    described: str = ""

    @cached_property
    def fingerprint(self) -> str:
        """Return that of the queries."""
        return queries.fingerprint(self.queries)


def prepare(dataset: StableDataset, task: Task) -> Setting:
    """Read and make all of it.

    Raises:
        DataError: something cannot be used.
    """
    known = material(dataset, job.path)
    cache, prompts = known.cache, known.prompts
    apis = VirtualApis(cache, _simulator(dataset, task), known.documentation.of)
    compared = reference.read(job.path(dataset.reference), dataset) if dataset.reference else None
    judge = _judge(dataset, task, prompts)
    recorded = cache.fingerprint(_places(known.functions)) if cache else ""
    described = fingerprint(known.tools) if dataset.tools or dataset.published else ""
    return Setting(
        dataset, known.queries, prompts, known.tools, known.functions, apis, judge, compared, recorded, described
    )


def material(dataset: StableDataset, place: Callable[[str], Path]) -> Material:
    """Read the data of a data set; `place` says where a path of the job is.

    Raises:
        DataError: something cannot be used.
    """
    found = queries.read(queries.find(place(dataset.path), dataset.stem), dataset.limit)
    prompts = upstream.read(place(dataset.upstream)) if dataset.upstream else OWN
    filed, recorded = dataset.tools or dataset.published, dataset.cache or dataset.published
    folder = _folder(place(filed), _TOOLS) if filed else None
    tools = {query.id: tools_of(query, folder) for query in found}
    functions = {query.id: functions_of(tools[query.id].apis, dataset.compat) for query in found}
    # StableToolBench's own server knows an input only as it was written down.
    reordered = dataset.compat != "upstream"
    cache = Cache(_folder(place(recorded), _CACHE), reordered=reordered) if recorded else None
    return Material(found, prompts, tools, functions, cache)


def _places(functions: Mapping[str, tuple[Function, ...]]) -> Iterator[Place]:
    """Yield the names of all APIs."""
    for mine in functions.values():
        yield from ((function.category, function.tool, function.api) for function in mine)


class Documentation:
    """What the queries say of each API, by the names under which the server is asked."""

    def __init__(self, tools: Mapping[str, Tools], functions: Mapping[str, tuple[Function, ...]]) -> None:
        """Take it from the queries' tools."""
        self._known: dict[tuple[str, str, str], str] = {}
        for query, mine in functions.items():
            for function, api in zip(mine, tools[query].apis, strict=True):
                place = (function.category, function.tool, function.api)
                self._known.setdefault(place, json.dumps(api.documentation, ensure_ascii=False))

    def of(self, category: str, tool: str, api: str) -> str:
        """Return the documentation as JSON; of an API that no query has, its names alone."""
        names = {"category": category, "tool_name": tool, "api_name": api}
        return self._known.get((category, tool, api)) or json.dumps(names, ensure_ascii=False)


def _simulator(dataset: StableDataset, task: Task) -> Simulator | None:
    if dataset.api != "simulate":
        return None
    return Simulator(Model("simulator", dataset.label, simulate.GENERATION, task.request_timeout_s))


def _judge(dataset: StableDataset, task: Task, prompts: Prompts) -> Judge | None:
    if not dataset.judge:
        return None
    model = Model("judge", dataset.label, judging.GENERATION, task.request_timeout_s)
    return Judge(model, prompts, dataset.seed)


def _folder(top: Path, name: str) -> Path:
    """Return the folder called `name` in another one, near its top, or that one itself.

    Raises:
        DataError: it is no folder.
    """
    if not top.is_dir():
        raise DataError(f"{top} is no folder")
    for depth in range(1, _DEEPEST + 1):
        for found in sorted(top.glob("/".join(["*"] * (depth - 1) + [name]))):
            foreign = any(part.startswith((".", "__MACOSX")) for part in found.relative_to(top).parts)
            if found.is_dir() and not foreign:
                return found
    return top
