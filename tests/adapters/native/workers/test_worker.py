"""What a worker's process is given."""

from __future__ import annotations

from pathlib import Path

from adapters.native.evaluator.workers.worker import environments

GPU_PAIRS = [("4", "5"), ("6", "7")]


def test_a_worker_sees_its_gpus_and_its_share_of_the_processors() -> None:
    told = environments(
        GPU_PAIRS, {"PATH": "/bin", "CUDA_VISIBLE_DEVICES": "4,5,6,7"}, processors=7, scratch=Path("/s")
    )

    assert [each["CUDA_VISIBLE_DEVICES"] for each in told] == ["4,5", "6,7"]
    assert {(each["PATH"], each["OMP_NUM_THREADS"]) for each in told} == {("/bin", "3")}


def test_a_worker_without_gpus_has_a_processor_at_least() -> None:
    told = environments([(), ()], {"CUDA_VISIBLE_DEVICES": ""}, processors=1, scratch=Path("/s"))

    assert [(each["CUDA_VISIBLE_DEVICES"], each["OMP_NUM_THREADS"]) for each in told] == [("", "1")] * 2


def test_code_of_a_checkpoint_is_copied_to_a_folder_of_each_worker() -> None:
    told = environments(GPU_PAIRS, {}, processors=2, scratch=Path("/s"))

    assert len({each["HF_MODULES_CACHE"] for each in told}) == 2
