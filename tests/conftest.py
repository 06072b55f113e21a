"""Fixtures that the whole suite shares."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import hypothesis
import pytest

from hub.images import load_image
from hub.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parent.parent

# The same examples every time, and none is judged by the clock; `--hypothesis-profile=explore` looks for new ones.
_PATIENT = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("explore", _PATIENT, max_examples=1000)
hypothesis.settings.register_profile("evaldock", _PATIENT, derandomize=True)
hypothesis.settings.load_profile("evaldock")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose every folder is the test's own."""
    short = Path("/tmp") / f"ed-{os.getpid()}"
    real = load_settings()
    return Settings(
        runs_dir=tmp_path / "runs",
        cache_dir=tmp_path / "cache",
        state_dir=tmp_path / "state",
        runtime_dir=short,
        base_image=real.base_image,
        torch_index=real.torch_index,
        wheel_dir=real.wheel_dir,
    )


@pytest.fixture(scope="session")
def native_python() -> str:
    """Return a Python with torch and all that the Native lock names; evaldock builds it where it is missing."""
    stated = os.environ.get("EVALDOCK_TEST_NATIVE_PYTHON")
    if stated:
        return stated
    from hub.engine.venv.engine import VenvEngine

    real = load_settings()
    record = VenvEngine(real).prepare(load_image("native", real), print)
    return str(Path(record.reference) / "bin" / "python")


@pytest.fixture(autouse=True, scope="session")
def _ordinary_signals() -> None:
    """Take signals as a terminal's processes do, also where the suite itself was started under nohup or by `&`."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _no_hubs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lead every question to a hub to a port where nothing listens: no test leaves this machine."""
    for name in ("HF_ENDPOINT", "MODELSCOPE_ENDPOINT"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own settings out of the tests' task files."""
    for name in ("EVALDOCK_RUNS", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
