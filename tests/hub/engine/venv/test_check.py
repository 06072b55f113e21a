from dataclasses import replace

import pytest

from hub.engine.venv.check import findings
from hub.finding import Finding
from hub.settings import Settings


def gpu_finding(settings: Settings) -> Finding:
    (found,) = (found for found in findings(settings, None, gpus=True) if found.subject == "GPU")
    return found


@pytest.fixture(autouse=True)
def _no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("hub.engine.venv.check.DEVICE", "/nowhere")


def test_a_machine_without_gpus_names_both_places_that_may_have_asked_for_them(settings: Settings) -> None:
    found = gpu_finding(settings)

    assert (found.level, found.message) == ("missing", "no NVIDIA GPU on this machine")
    assert found.mend.startswith("install its driver, or compute on the processors: ")
    assert "`gpus: 0` under `resources`, and under the `serve` of what is served" in found.mend


def test_gpus_that_are_stated_and_not_there_are_to_be_corrected(settings: Settings) -> None:
    assert gpu_finding(replace(settings, gpus=(("0", 0),))).mend.startswith("correct EVALDOCK_GPUS, or ")
