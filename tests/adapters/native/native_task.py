"""Evaluations and data for the tests of Native."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from adapters.native.contract import NativeDataset
from adapters.native.translate import native_dataset
from hub.adapter import DatasetRequest, Evaluation, ModelTarget

ENDPOINT = ModelTarget(name="m", via="endpoint", remote_model="remote-m", identity="endpoint:m")
WEIGHTS = ModelTarget(name="m", via="in_job", path="/models/m", identity="sha256:0")


def evaluation(*datasets: DatasetRequest, model: ModelTarget = ENDPOINT, **fields: Any) -> Evaluation:
    return Evaluation(backend="native", model=model, datasets=datasets, seed=42, **fields)


def request(name: str, *, label: str = "", **fields: Any) -> DatasetRequest:
    return DatasetRequest(name=name, label=label or name, **fields)


def dataset(name: str, *, model: ModelTarget = WEIGHTS, **fields: Any) -> NativeDataset:
    asked = request(name, **fields)
    return native_dataset(asked, evaluation(asked, model=model))


def write_jsonl(file: Path, rows: list[dict[str, Any]]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file
