"""What comes of a data set's requests does not hang on which of them is answered first."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.native.evaluator.collector import Asked, Collector
from adapters.native.evaluator.items import Item
from adapters.native.evaluator.record import Record
from adapters.native.evaluator.request import Generation, Outcome
from tests.adapters.native.native_task import dataset

ITEM = Item("q", "2 + 2?", (), "4", ("4",), "4", {})


@pytest.mark.parametrize("arrival", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
def test_a_tie_of_answers_goes_to_the_one_asked_first(
    arrival: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALDOCK_ROOT", str(tmp_path))
    (tmp_path / "job/output").mkdir(parents=True)
    asked = [Asked("default", ITEM, Generation(f"q#{number}", "2 + 2?", {})) for number in range(4)]
    texts = ["5", "4", "4", "5"]
    measured = dataset("general_qa", path=tmp_path, options={"repeats": 4}, generation={"temperature": 1.0})

    with Record(tmp_path, {}) as record, Collector(measured, asked, record) as collector:
        for index in arrival:
            collector.deliver(index, Outcome(text=texts[index]))
        scores = collector.sum_up()["default"].scores

    assert scores["majority@4"] == [0.0]
