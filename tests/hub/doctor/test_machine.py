"""What doctor says of the machine's GPUs, as nvidia-smi lists them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.doctor.machine import machine_findings
from hub.finding import Finding
from hub.settings import load_settings


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """Return the findings on GPUs where one is nearly free and one is not."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho '0, H100, 81920, 400, GPU-a'\necho '1, H100, 81920, 61440, GPU-b'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    settings = load_settings({"HOME": str(tmp_path)})
    return [line for line in machine_findings(settings, None) if line.subject.startswith("GPU")]


def test_gpus_are_listed_with_their_names(lines: list[Finding]) -> None:
    assert (lines[0].level, lines[0].message) == ("ok", "0: H100, 1: H100")


def test_a_gpu_whose_memory_others_use_is_a_note(lines: list[Finding]) -> None:
    (line,) = lines[1:]

    assert (line.level, line.subject) == ("warning", "GPU 1")
    assert line.message == "60 GiB of its 80 GiB are in use now"
    assert "nvidia-smi" in line.mend
