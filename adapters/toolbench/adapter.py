"""The ToolBench adapter: our own evaluator of tool use, in single steps and by an agent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from adapters.toolbench import complain, estimate, normalize, translate
from adapters.toolbench.catalog import OWN, STABLE, STABLE_OWN, STATIC, Entry
from adapters.toolbench.contract import StableDataset
from adapters.toolbench.options import Folders
from hub.adapter import Adapter, Asset, Complaint, DatasetInfo, Estimate, Evaluation, Normalized

VERSION = "1"


class ToolBenchAdapter:
    """Stateless; each method is one module."""

    name = "toolbench"
    version = VERSION
    modalities = ("text",)
    excludes_failures = True
    path_options = tuple(Folders.model_fields)

    def uses_judge(self, evaluation: Evaluation) -> bool:
        """Return whether an agent's answers are judged; single steps are not."""
        return any(part.judge for part in _agents(evaluation))

    def uses_simulator(self, evaluation: Evaluation) -> bool:
        """Return whether the task's simulator answers for APIs."""
        return any(part.api == "simulate" for part in _agents(evaluation))

    def estimate(self, evaluation: Evaluation) -> tuple[Estimate, ...]:
        """Return what will be asked, about."""
        return estimate.estimate(evaluation)

    def datasets(self) -> Mapping[str, DatasetInfo]:
        """Return every data set."""
        steps = {name: _info(name, entry) for name, entry in STATIC.items()}
        return steps | {name: _agent_info(name, entry) for name, entry in STABLE.items()}

    def complain(self, evaluation: Evaluation) -> tuple[Complaint, ...]:
        """Return what cannot be had."""
        return tuple(complain.complaints(evaluation))

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
        metric="action_em",
        few_shot=0,
        source="your own data" if name == OWN else "toolbench-static (ModelScope)",
        own_data=True,
        rows=entry.rows,
        files=() if name == OWN else (f"{entry.stem}.json",),
    )


def _agent_info(name: str, entry: Entry) -> DatasetInfo:
    return DatasetInfo(
        name=name,
        summary=entry.summary,
        scoring=("generate",),
        metric="sopr",
        few_shot=0,
        source="your own data" if name == STABLE_OWN else "StableToolBench (GitHub)",
        own_data=True,
        rows=entry.rows,
        licence="" if name == STABLE_OWN else "Apache-2.0",
        files=() if name == STABLE_OWN else (f"{entry.stem}.json",),
    )


def _agents(evaluation: Evaluation) -> tuple[StableDataset, ...]:
    """Return the agents' data sets; none where an option cannot be taken, of which `complain` tells."""
    try:
        return translate.task_of(evaluation).stable
    except ValidationError:
        return ()


ADAPTER: Adapter = ToolBenchAdapter()
