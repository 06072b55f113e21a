import pytest

from hub.doctor.bases import base_findings
from hub.settings import Settings
from tests.fakes.engine import FakeEngine
from tests.hub.test_offline import Built
from tests.hub.test_orchestrator import echo


@pytest.mark.parametrize(("here", "count"), [(False, 1), (True, 0)])
def test_a_base_that_a_build_must_pull_is_a_note_with_a_way_out(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, here: bool, count: int
) -> None:
    monkeypatch.setattr("hub.engine.docker.storage.has_image", lambda _reference: here)
    engine = FakeEngine(echo)
    engine.name = "docker"

    found = list(base_findings(("echo",), engine, settings))

    assert [finding.level for finding in found] == ["warning"] * count
    assert all("EVALDOCK_BASE_IMAGE" in finding.mend for finding in found)


def test_what_is_built_or_needs_no_image_needs_no_base(settings: Settings) -> None:
    built = Built(echo)
    built.name = "docker"

    assert list(base_findings(("echo",), built, settings)) == []
    assert list(base_findings(("echo",), FakeEngine(echo), settings)) == []


def test_what_a_project_publishes_is_to_be_carried_over(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.engine.docker.storage.has_image", lambda _reference: False)
    engine = FakeEngine(echo)
    engine.name = "docker"

    (found,) = base_findings(("vllm",), engine, settings)

    assert "docker load" in found.mend
    assert "venv" not in found.mend
