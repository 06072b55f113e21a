"""Evaluations, in a few words."""

from __future__ import annotations

from hub.adapter import DatasetRequest, Evaluation, ModelTarget

ENDPOINT = ModelTarget("mock", "endpoint", remote_model="mock", modality="vision", identity="endpoint:mock")
CHECKPOINT = ModelTarget("tiny", "in_job", path="/models/tiny", modality="vision", identity="local:tiny")


def evaluation(
    *requests: DatasetRequest, model: ModelTarget = ENDPOINT, judge: bool = False, **options: object
) -> Evaluation:
    """Return an evaluation."""
    return Evaluation(
        "vlmevalkit", model, requests, seed=42, judge=judge, concurrency=4, deadline_s=60.0, options=options
    )


def request(name: str, **fields: object) -> DatasetRequest:
    """Return a data set under its own name."""
    return DatasetRequest(name, str(fields.pop("label", name)), **fields)  # type: ignore[arg-type]
