"""Environments: built once, whole or not at all, mended after an interruption."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from hub.engine.venv.engine import VenvEngine
from hub.engine.venv.build import environment_folder
from hub.engine.venv.payload import payload_folder
from hub.errors import ImageError
from hub.images import ImageSpec, load_image
from hub.settings import Settings


@pytest.fixture
def image(settings: Settings) -> ImageSpec:
    return load_image("echo", settings)


def test_an_environment_is_found_after_it_was_prepared(settings: Settings, image: ImageSpec) -> None:
    engine = VenvEngine(settings)
    assert engine.find(image) is None

    record = engine.prepare(image, _silent)

    assert engine.find(image) == record
    assert record.python.startswith(image.python)
    assert record.lock == image.lock_digest
    assert record.torch == ""


def test_a_second_prepare_builds_nothing(settings: Settings, image: ImageSpec) -> None:
    VenvEngine(settings).prepare(image, _silent)
    lines: list[str] = []

    VenvEngine(settings).prepare(image, lines.append)

    assert lines == []


def test_two_hubs_at_once_build_once(settings: Settings, image: ImageSpec) -> None:
    lines: list[str] = []
    threads = [threading.Thread(target=VenvEngine(settings).prepare, args=(image, lines.append)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert lines.count("echo: creating the environment") == 1


def test_an_interrupted_build_is_seen_and_repaired(settings: Settings, image: ImageSpec) -> None:
    engine = VenvEngine(settings)

    def interrupt(line: str) -> None:
        if "creating" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.prepare(image, interrupt)
    assert environment_folder(image, settings).exists()
    assert engine.find(image) is None

    engine.prepare(image, _silent)

    assert engine.find(image) is not None


def test_an_environment_that_lost_its_python_is_built_anew(settings: Settings, image: ImageSpec) -> None:
    engine = VenvEngine(settings)
    record = engine.prepare(image, _silent)
    python = Path(record.reference) / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python")

    assert engine.find(image) is None
    engine.prepare(image, _silent)

    assert subprocess.run((python, "-c", ""), check=False).returncode == 0


def test_a_lost_payload_is_laid_down_again(settings: Settings, image: ImageSpec) -> None:
    engine = VenvEngine(settings)
    record = engine.prepare(image, _silent)
    folder = payload_folder(record.digest, settings)
    shutil.rmtree(folder)

    assert engine.find(image) == record  # nothing of it must be downloaded: a new evaldock on an old lock is ready
    engine.prepare(image, _silent)

    assert (folder / "adapters/runtime/entry.py").is_file()
    assert (folder / "adapters/echo/runner/run.py").is_file()
    assert not (folder / "adapters/echo/adapter.py").exists()


def test_a_failing_install_shows_the_last_lines_and_leaves_nothing_complete(
    settings: Settings, image: ImageSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "images" / "broken"
    folder.mkdir(parents=True)
    (folder / "requirements.lock").write_text(f"no-such-package==1.0 --hash=sha256:{'0' * 64}\n")
    broken = replace(image, name="broken", folder=folder)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    engine = VenvEngine(settings)

    with pytest.raises(ImageError, match="no-such-package") as caught:
        engine.prepare(broken, _silent)

    assert caught.value.exit_code == 4
    assert caught.value.hint
    assert engine.find(broken) is None


def test_a_cache_that_cannot_be_made_is_told(settings: Settings, image: ImageSpec, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    engine = VenvEngine(replace(settings, cache_dir=tmp_path / "file" / "cache"))

    with pytest.raises(ImageError, match="Not a directory"):
        engine.prepare(image, _silent)


def test_check_finds_the_python_of_the_locks(settings: Settings) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"

    subjects = {finding.subject: finding.level for finding in VenvEngine(settings).check(gpus=False)}

    assert subjects["isolation"] in {"ok", "warning"}
    assert subjects.get(f"Python {version}", "ok") == "ok"


def _silent(_line: str) -> None:
    pass
