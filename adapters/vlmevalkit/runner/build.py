"""Loads one data set as VLMEvalKit does, and says what it is: rows, kind, a digest of what is asked."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.vlmevalkit.contract import Dataset
from adapters.vlmevalkit.cut import cut
from adapters.vlmevalkit.runner import documents
from adapters.vlmevalkit.runner.lmudata import VARIABLE
from adapters.vlmevalkit.runner.tables import DataError, check_rows

# A published data set whose name brings a metric with it.
_LIKE = {
    "vqa_score": "TextVQA_VAL",
    "relaxed_accuracy": "ChartQA_TEST",
    "accuracy": "OCRVQA_TEST",
    "anls": "DocVQA_VAL",
}


@dataclass(frozen=True)
class Loaded:
    """VLMEvalKit's own object for a data set, cut to the rows that are asked; `rows` counts those before the cut."""

    object: Any
    rows: int

    @property
    def planned(self) -> int:
        """Return how many rows are asked."""
        return len(self.object.data)

    def facts(self) -> dict[str, Any]:
        """Return what status.json says of it."""
        return {
            "rows": self.rows,
            "planned": self.planned,
            "kind": str(getattr(self.object, "TYPE", "")),
            "class_name": type(self.object).__name__,
            "data": data_digest(self.object.data),
        }


def build(dataset: Dataset, known_as: str, settings: dict[str, Any]) -> Loaded:
    """Load a data set; of `settings`, which are VLMEvalKit's own, its classes take what they know.

    `known_as` is the model's name at VLMEvalKit, empty for an endpoint.

    Raises:
        DataError: VLMEvalKit cannot use the data.
    """
    found = _built(dataset, known_as, settings)
    if found is None:
        raise DataError("VLMEvalKit knows no such data set, and finds no table of that name with a column `question`")
    check_rows(dataset, found.data)
    rows = len(found.data)
    found.data = cut(found.data, dataset)
    if not len(found.data):
        raise DataError("the data have no rows")
    return Loaded(found, rows)


def _built(dataset: Dataset, known_as: str, settings: dict[str, Any]) -> Any:
    from vlmeval.dataset import build_dataset  # noqa: PLC0415

    if dataset.metric:
        return _open_questions(dataset)
    if dataset.name in documents.NAMES:
        return documents.build(dataset.name, known_as)
    return build_dataset(dataset.name, **settings)


def _open_questions(dataset: Dataset) -> Any:
    """Return an own table of open questions as VLMEvalKit has its published ones; its class for it scores none."""
    from vlmeval.dataset import ImageVQADataset  # noqa: PLC0415

    found = ImageVQADataset(dataset=dataset.name)
    evaluate = found.evaluate

    def evaluated(*args: Any, **named: Any) -> Any:
        found.dataset_name = _LIKE[dataset.metric]  # by which it chooses how to compare; all were asked by now
        return evaluate(*args, **named)

    found.evaluate = evaluated
    return found


def data_digest(data: Any) -> str:
    """Return the SHA-256 of the rows of a frame.

    VLMEvalKit puts the pictures of a compilation into files, whose folder is another each time: their content counts.
    """
    digest = hashlib.sha256()
    folder = os.environ.get(VARIABLE) or "/nowhere"
    columns = sorted(str(name) for name in data.columns)
    for row in data[columns].itertuples(index=False, name=None):
        lasting = [_content(cell, folder) for cell in row]
        digest.update(json.dumps(lasting, ensure_ascii=False, default=str).encode("utf-8", "replace"))
    return digest.hexdigest()


def _content(cell: Any, folder: str) -> Any:
    """Return a cell; what stands in a file below `folder` where it names one."""
    if isinstance(cell, list):
        return [_content(part, folder) for part in cell]
    if not isinstance(cell, str) or not cell.startswith(f"{folder}/") or not Path(cell).is_file():
        return cell
    return hashlib.sha256(Path(cell).read_bytes()).hexdigest()
