from pathlib import Path

import pytest

from hub.cli import consent
from hub.errors import InterruptedRunError
from hub.settings import Settings
from hub.taskfile import LoadedTask, load_task
from tests.fakes.hub_server import HubServer, Repository

TASK = {
    "version": 1,
    "models": {"m": {"checkpoint": "o/m"}},
    "evaluations": [{"backend": "echo", "datasets": ["echo"]}],
}


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoadedTask:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"x" * 3000)
    with HubServer([Repository("model", "o/m", folder)]) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield load_task(TASK)  # type: ignore[misc]


def answer(monkeypatch: pytest.MonkeyPatch, *, yes: bool) -> list[str]:
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("click.confirm", lambda text, **_named: asked.append(text) or yes)
    return asked


def test_a_small_download_is_said_and_not_asked_about(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = answer(monkeypatch, yes=False)

    consent.agree_to_downloads(task, settings, yes=False, quiet=False)

    assert capsys.readouterr().err == "will download model o/m from modelscope (3.0 kB)\n"
    assert asked == []


def test_a_large_download_is_asked_about_and_a_no_ends_the_run(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(consent, "ASK_ABOVE", 2000)
    asked = answer(monkeypatch, yes=False)

    with pytest.raises(InterruptedRunError) as ended:
        consent.agree_to_downloads(task, settings, yes=False, quiet=True)

    assert asked == ["go on?"]
    assert ended.value.exit_code == 130
    assert "3.0 kB" in capsys.readouterr().err  # quiet or not: one cannot agree to what is not shown
    answer(monkeypatch, yes=True)
    consent.agree_to_downloads(task, settings, yes=False, quiet=False)


def test_yes_or_nobody_there_asks_nothing(
    task: LoadedTask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent, "ASK_ABOVE", 2000)
    asked = answer(monkeypatch, yes=False)

    consent.agree_to_downloads(task, settings, yes=True, quiet=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    consent.agree_to_downloads(task, settings, yes=False, quiet=False)

    assert asked == []
