"""Where the probe's socket lies: in a private folder with a short path, as the gateway's do."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.engine.docker.engine import DockerEngine
from hub.settings import Settings


class Image:
    id = "sha256:abc"


class Daemon:
    """Has one image and refuses to be asked for more."""

    def __init__(self) -> None:
        self.images = self

    def info(self) -> dict[str, Any]:
        return {}

    def list(self, **_: Any) -> list[Image]:
        return [Image()]


def findings(settings: Settings) -> list[tuple[str, str]]:
    engine = DockerEngine(settings, client=Daemon)  # type: ignore[arg-type]
    return [(found.level, f"{found.message} {found.mend}") for found in engine.check(gpus=False)]


def test_a_folder_too_long_for_sockets_is_a_finding(settings: Settings, tmp_path: Path) -> None:
    [(level, text)] = findings(replace(settings, runtime_dir=tmp_path / ("x" * 100)))

    assert level == "missing"
    assert "a socket's path may have 107" in text
    assert "XDG_RUNTIME_DIR" in text
    assert list((tmp_path / ("x" * 100)).iterdir()) == []
    assert list(settings.state_dir.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_folder_of_somebody_else_is_a_finding(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "rt").mkdir()
    os.chown(tmp_path / "rt", 10001, 10001)

    [(level, text)] = findings(replace(settings, runtime_dir=tmp_path / "rt"))

    assert level == "missing"
    assert "belongs to uid 10001" in text


def test_a_daemon_without_gpus_names_both_places_that_may_have_asked_for_them(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    engine = DockerEngine(settings, client=Daemon)  # type: ignore[arg-type]

    (found,) = (found for found in engine.check(gpus=True, probe=False) if found.level == "missing")

    assert found.message == "the Docker daemon has no NVIDIA runtime"
    assert "`gpus: 0` under `resources`, and under the `serve` of what is served" in found.mend
