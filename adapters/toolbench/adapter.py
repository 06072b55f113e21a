"""The ToolBench adapter: our own evaluator of tool use in single steps, and what it refuses beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from adapters.toolbench import normalize, translate
from adapters.toolbench.catalog import OWN, STATIC, Entry
from adapters.toolbench.options import DatasetOptions, EvaluationOptions, Generation
from hub.adapter import Adapter, Asset, Complaint, DatasetInfo, DatasetRequest, Evaluation, Normalized

VERSION = "1"
_METRIC = "action_em"


class ToolBenchAdapter:
    """Stateless; each method is one module."""

    name = "toolbench"
    version = VERSION
    modalities = ("text",)
    excludes_failures = True
    path_options = ()

    def datasets(self) -> Mapping[str, DatasetInfo]:
        """Return every data set."""
        return {name: _info(name, entry) for name, entry in STATIC.items()}

    def complain(self, evaluation: Evaluation) -> tuple[Complaint, ...]:
        """Return what cannot be had."""
        return tuple(_complaints(evaluation))

    def assets(self, evaluation: Evaluation) -> tuple[Asset, ...]:
        """Return the data that the job reads."""
        return translate.assets(evaluation)

    def translate(self, evaluation: Evaluation) -> Mapping[str, str]:
        """Return task.json."""
        return translate.translate(evaluation)

    def command(self, evaluation: Evaluation) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's signature
        """Return the runner's argv."""
        return ("python", "-m", "adapters.toolbench.runner")

    def normalize(self, evaluation: Evaluation, output: Path) -> Normalized:
        """Read metrics.json and predictions.jsonl of every data set."""
        return normalize.normalize(evaluation, output, adapter_version=VERSION)


def _info(name: str, entry: Entry) -> DatasetInfo:
    return DatasetInfo(
        name=name,
        summary=entry.summary,
        scoring=("generate",),
        metric=_METRIC,
        few_shot=0,
        source="your own data" if name == OWN else "toolbench-static (ModelScope)",
        own_data=True,
        rows=entry.rows,
        files=() if name == OWN else (f"{entry.stem}.json",),
    )


def _complaints(evaluation: Evaluation) -> Iterator[Complaint]:
    if evaluation.model.via != "endpoint":
        message = (
            f"toolbench asks an endpoint, and {evaluation.model.name!r} is a checkpoint: serve it "
            "(vllm serve, swift deploy, ...) and give the server's address as `endpoint`"
        )
        yield Complaint(("models",), message)
    yield from _checked(EvaluationOptions, evaluation.options, "options")
    for index, request in enumerate(evaluation.datasets):
        for complaint in _dataset(request):
            yield replace(complaint, path=("datasets", index, *complaint.path))


def _dataset(request: DatasetRequest) -> Iterator[Complaint]:
    if request.name == OWN and request.path is None:
        yield Complaint(("path",), f"{OWN} is a file of your own: give it as path")
    if request.subsets is not None:
        yield Complaint(("subsets",), f"{request.name} has no subsets")
    if request.few_shot:
        yield Complaint(("few_shot",), f"{request.name} shows no examples: its conversations are given")
    if request.scoring not in {None, "generate"}:
        yield Complaint(("scoring",), f"toolbench knows one way: generate, not {request.scoring!r}")
    if request.limit is not None and request.limit < 1:
        yield Complaint(("limit",), f"limit must be 1 or more, not {request.limit}")
    yield from _checked(DatasetOptions, request.options, "options")
    yield from _checked(Generation, request.generation, "generation")


def _checked(model: type[BaseModel], given: Mapping[str, Any], key: str) -> Iterator[Complaint]:
    try:
        model.model_validate(dict(given))
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            place = problem["loc"]
            message = f"{key}.{'.'.join(map(str, place))}: {problem['msg']}"
            if problem["type"] == "extra_forbidden":
                known = f"; known: {', '.join(model.model_fields)}" if model.model_fields else ""
                message = f"toolbench does not know {key}.{place[-1]}{known}"
            yield Complaint((key, *place), message)


ADAPTER: Adapter = ToolBenchAdapter()
