"""How many workers there are, and which GPUs each has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.native.contract import NativeLoading, NativeModel
from adapters.native.evaluator.errors import ModelError
from adapters.native.evaluator.workers.devices import (
    as_many_as_fit,
    groups,
    needed_bytes,
    visible_gpus,
    workers_by_memory,
)

GIB = 1 << 30


@pytest.mark.parametrize(
    ("listed", "gpus"), [("", ()), ("3", ("3",)), ("2,GPU-ab c,", ("2", "GPU-ab c")), (" 0 , 1 ", ("0", "1"))]
)
def test_the_gpus_are_those_that_the_engine_names(tmp_path: Path, listed: str, gpus: tuple[str, ...]) -> None:
    (tmp_path / "nvidia0").touch()

    assert visible_gpus({"CUDA_VISIBLE_DEVICES": listed}, tmp_path) == gpus


def test_in_a_container_they_are_counted(tmp_path: Path) -> None:
    for name in ("nvidia2", "nvidia5", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()

    assert visible_gpus({}, tmp_path) == ("0", "1")


def test_each_worker_has_as_many_gpus() -> None:
    assert groups(("0", "1", "2", "3"), 2) == [("0", "1"), ("2", "3")]
    assert groups((), 3) == [(), (), ()]


@pytest.mark.parametrize(("gpus", "workers"), [(2, 3), (8, 3), (1, 2)])
def test_gpus_that_cannot_be_shared_evenly_are_an_error(gpus: int, workers: int) -> None:
    with pytest.raises(ModelError, match=f"{workers} workers cannot share {gpus} GPUs evenly"):
        groups(tuple(map(str, range(gpus))), workers)


@pytest.mark.parametrize(
    ("needed", "count", "workers"),
    [(10, 8, 8), (24, 8, 8), (25, 8, 4), (48, 8, 4), (97, 8, 1), (1000, 8, 1), (40, 6, 3), (60, 3, 1), (1, 1, 1)],
)
def test_a_model_gets_as_few_gpus_as_hold_it(needed: int, count: int, workers: int) -> None:
    assert as_many_as_fit(needed * GIB, [24 * GIB] * count) == workers


def test_weights_are_counted_once_and_as_they_lie_in_memory(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(bytes(4000))
    (tmp_path / "pytorch_model.bin").write_bytes(bytes(9000))
    (tmp_path / "config.json").write_text(json.dumps({"dtype": "bfloat16"}), encoding="utf-8")

    as_stored, wide = (needed_bytes(tmp_path, dtype) for dtype in ("auto", "float32"))

    assert wide - as_stored == pytest.approx(as_stored - 2 * GIB) == pytest.approx(6000)


@pytest.mark.parametrize(
    ("gpus", "loading"),
    [
        ((), NativeLoading()),
        (("0",), NativeLoading()),
        (("0", "1"), NativeLoading(device_map="balanced")),
        (("0", "1"), NativeLoading(code="/c", model_class="m:M")),
    ],
)
def test_one_worker_is_enough(tmp_path: Path, gpus: tuple[str, ...], loading: NativeLoading) -> None:
    model = NativeModel("transformers", "m", "/models/m", "auto", None, loading)

    assert workers_by_memory(model, tmp_path, gpus) == 1
