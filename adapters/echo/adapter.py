"""The echo adapter: ask a model to repeat words. The smallest whole adapter, and the smoke test."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.echo.normalize import read_output
from hub.adapter import Asset, Complaint, DatasetInfo, DatasetRequest, Evaluation, Normalized

_NAME, _VERSION = "echo", "1"
_CLIENT_MARGIN_S = 60.0  # a client gives up later than the gateway
_ECHO = DatasetInfo(
    name="echo",
    summary="Repeat a made-up word; needs no data. Tests engines, gateways and reports, not models.",
    scoring=("generate",),
    metric="accuracy",
    few_shot=0,
    source="made up from the seed",
)


class EchoOptions(BaseModel):
    """A data set's `options`: how many samples, and which misfortune to play."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int = Field(3, ge=1, le=100_000, description="Samples; limit may lower it.")
    fail_at: int | None = Field(None, ge=0, description="Give up before this sample (0-based), with no summary.")
    sleep_s: float = Field(0.0, ge=0, description="Wait this long before each sample.")
    exit_code: int = Field(0, ge=0, le=125, description="Exit with this code after all was written.")


class EchoAdapter:
    """Translate evaluations for the echo runner and read what it wrote."""

    name = _NAME
    version = _VERSION
    modalities = ("text",)
    excludes_failures = True
    path_options = ()

    def uses_judge(self, evaluation: Evaluation) -> bool:  # noqa: ARG002 - the protocol's signature
        """Return False: nothing here is judged by a model."""
        return False

    def datasets(self) -> Mapping[str, DatasetInfo]:
        """Return the one data set."""
        return {_ECHO.name: _ECHO}

    def complain(self, evaluation: Evaluation) -> tuple[Complaint, ...]:
        """Return unknown options, and wishes that make no sense for made-up words."""
        unknown = (Complaint(("options", key), "echo has no options here") for key in sorted(evaluation.options))
        return (*unknown, *_dataset_complaints(evaluation))

    def assets(self, evaluation: Evaluation) -> tuple[Asset, ...]:  # noqa: ARG002 - the protocol's signature
        """Return nothing: the data is made up."""
        return ()

    def translate(self, evaluation: Evaluation) -> Mapping[str, str]:
        """Return the runner's one input file."""
        task = {
            "concurrency": evaluation.concurrency,
            "datasets": [_dataset(request) for request in evaluation.datasets],
            "request_timeout_s": evaluation.deadline_s + _CLIENT_MARGIN_S,
            "seed": evaluation.seed,
            "via": evaluation.model.via,
        }
        return {"task.json": json.dumps(task, indent=2, sort_keys=True) + "\n"}

    def command(self, evaluation: Evaluation) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's signature
        """Return the runner's argv."""
        return ("python", "-m", "adapters.echo.runner.run")

    def normalize(self, evaluation: Evaluation, output: Path) -> Normalized:
        """Read each data set's summary.json and samples.jsonl."""
        planned = {request.label: _planned(request) for request in evaluation.datasets}
        return read_output(evaluation, output, planned, self.version)


def _dataset(request: DatasetRequest) -> dict[str, object]:
    options = EchoOptions.model_validate(request.options)
    fields = options.model_dump()
    fields.update(generation=dict(request.generation), label=request.label, n=_planned(request))
    return fields


def _planned(request: DatasetRequest) -> int:
    n = EchoOptions.model_validate(request.options).n
    return n if request.limit is None else min(n, request.limit)


def _dataset_complaints(evaluation: Evaluation) -> Iterator[Complaint]:
    for index, request in enumerate(evaluation.datasets):
        for key, message in _wrong_parts(request):
            yield Complaint(("datasets", index, key), message)
        try:
            EchoOptions.model_validate(request.options)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                yield Complaint(("datasets", index, "options", *detail["loc"]), detail["msg"])


def _wrong_parts(request: DatasetRequest) -> Iterator[tuple[str, str]]:
    if request.path is not None:
        yield "path", "echo makes its data up and reads none"
    if request.subsets is not None:
        yield "subsets", "echo has no subsets"
    if request.few_shot:
        yield "few_shot", "echo shows no examples"
    if request.scoring not in {None, "generate"}:
        yield "scoring", "echo knows one way: generate"


ADAPTER = EchoAdapter()
