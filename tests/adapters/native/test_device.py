from pathlib import Path
from types import SimpleNamespace

import pytest

from adapters.native.evaluator.errors import ModelError
from adapters.native.evaluator.models.device import device_of, free_bytes, keep_kernels_steady


def test_a_job_computes_on_its_gpu(tmp_path: Path) -> None:
    assert device_of({"CUDA_VISIBLE_DEVICES": "0"}, cuda=True, torch="2", devices=tmp_path) == "cuda"


def test_a_job_without_gpus_computes_on_the_processors(tmp_path: Path) -> None:
    assert device_of({"CUDA_VISIBLE_DEVICES": ""}, cuda=False, torch="2", devices=tmp_path) == "cpu"
    assert device_of({}, cuda=False, torch="2", devices=tmp_path) == "cpu"


@pytest.mark.parametrize("node", ["nvidiactl", "nvidia0", "dxg"])
def test_a_gpu_that_torch_does_not_find_is_an_error_and_not_the_processors(tmp_path: Path, node: str) -> None:
    (tmp_path / node).touch()

    with pytest.raises(ModelError, match=r"was given GPU 1, 3, and torch 2.13.0\+cpu finds none") as caught:
        device_of({"CUDA_VISIBLE_DEVICES": "1,3"}, cuda=False, torch="2.13.0+cpu", devices=tmp_path)

    assert "gpus: 0" in caught.value.hint


def test_a_gpu_that_was_stated_and_is_not_there_leaves_the_processors(tmp_path: Path) -> None:
    assert device_of({"CUDA_VISIBLE_DEVICES": "0"}, cuda=False, torch="2", devices=tmp_path) == "cpu"


def test_the_gpu_of_a_container_counts_too(tmp_path: Path) -> None:
    (tmp_path / "nvidia0").touch()

    with pytest.raises(ModelError):
        device_of({}, cuda=False, torch="2", devices=tmp_path)


def test_attention_is_not_computed_by_cudnn() -> None:
    said: list[bool] = []

    keep_kernels_steady(SimpleNamespace(backends=SimpleNamespace(cuda=SimpleNamespace(enable_cudnn_sdp=said.append))))

    assert said == [False]


def test_the_memory_of_all_gpus_of_the_job_counts() -> None:
    cuda = SimpleNamespace(device_count=lambda: 2, mem_get_info=lambda number: (10 + number, 80))

    assert free_bytes(SimpleNamespace(cuda=cuda)) == 21
