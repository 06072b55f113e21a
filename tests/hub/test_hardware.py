from collections.abc import Callable
from pathlib import Path

import pytest

from hub.hardware import Gpu, gpu_names, gpus

Lists = Callable[..., None]


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lists:
    """Put an nvidia-smi on the PATH that lists these rows."""

    def put(*rows: str) -> None:
        tool = tmp_path / "nvidia-smi"
        tool.write_text("#!/bin/sh\n" + "".join(f"echo '{row}'\n" for row in rows))
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return put


@pytest.fixture
def nvidia_smi(lists: Lists) -> None:
    lists("0, H100, 81559, 512, GPU-0a1b-2c", "1, NVIDIA GB10, [N/A], [N/A], GPU-0a9f-77")


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


def test_a_driver_that_tells_no_uuid_lists_its_gpus_all_the_same(lists: Lists) -> None:
    lists("0, A, 1024")

    assert gpus() == (Gpu("0", "A", 1 << 30),)


def test_an_only_gpu_is_hidden_by_no_name_at_all(lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    lists("0, A, 1024, 0, GPU-0a1b")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    assert gpus() == ()
