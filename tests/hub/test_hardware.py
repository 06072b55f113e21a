from pathlib import Path

import pytest

from hub.hardware import Gpu, gpu_names, gpus


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(
        '#!/bin/sh\necho "0, H100, 81559, 512, GPU-0a1b-2c"\necho "1, NVIDIA GB10, [N/A], [N/A], GPU-0a9f-77"\n'
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


def test_gpus_are_what_nvidia_smi_lists_with_their_memory(nvidia_smi: None) -> None:
    assert gpus() == (Gpu("0", "H100", 81559 << 20, 512 << 20), Gpu("1", "NVIDIA GB10", 0))


@pytest.mark.parametrize(
    ("visible", "ids"),
    [("1", ["1"]), ("1, 0", ["1", "0"]), ("GPU-0a9f-77", ["1"]), ("GPU-0a1,1", ["0", "1"]), ("", []), ("-1", [])],
)
def test_hidden_gpus_are_left_out(
    nvidia_smi: None, monkeypatch: pytest.MonkeyPatch, visible: str, ids: list[str]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert [gpu.id for gpu in gpus()] == ids


@pytest.mark.parametrize("visible", ["0,7,1", "0,GPU-0a,1", "0,GPU-ffff,1"])
def test_a_name_that_is_no_single_gpu_hides_those_behind_it_as_it_does_for_cuda(
    nvidia_smi: None, monkeypatch: pytest.MonkeyPatch, visible: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert gpu_names() == {"0": "H100"}


def test_stated_gpus_are_believed(nvidia_smi: None) -> None:
    assert [(gpu.id, gpu.memory_bytes) for gpu in gpus((("5", 10),))] == [("5", 10)]
    assert gpus(()) == ()


def test_without_nvidia_smi_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert gpus() == ()


def test_a_driver_that_tells_no_uuid_lists_its_gpus_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho '0, A, 1024'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert gpus() == (Gpu("0", "A", 1 << 30),)
