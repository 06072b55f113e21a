import json
from pathlib import Path

import pytest

from tests.hub.cleaning.test_folders import make_run
from tests.hub.test_cli import code_of


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CACHE", "STATE", "RUNS"):
        monkeypatch.setenv(f"EVALDOCK_{name}", str(tmp_path / name))
    make_run(tmp_path / "RUNS", "20260101T000000Z-old-01234567", ended_at=1.0)
    make_run(tmp_path / "RUNS", "20260102T000000Z-new-01234567")
    return tmp_path / "RUNS"


def left(runs: Path) -> list[str]:
    return sorted(path.name[17:20] for path in runs.iterdir())


def test_dry_run_shows_and_removes_nothing(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("clean", "runs", "--dry-run") == 0

    assert "2 things" in capsys.readouterr().out
    assert left(runs) == ["new", "old"]


def test_without_a_terminal_and_without_yes_nothing_goes(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("clean", "runs") == 3

    assert "--yes" in capsys.readouterr().err
    assert left(runs) == ["new", "old"]


@pytest.mark.parametrize("option", [("--older-than", "30d"), ("--keep", "1")])
def test_what_the_filter_takes_goes_and_the_freed_bytes_are_shown(
    runs: Path, capsys: pytest.CaptureFixture[str], option: tuple[str, ...]
) -> None:
    assert code_of("clean", "runs", "--yes", *option) == 0

    assert "kB freed" in capsys.readouterr().out
    assert left(runs) == ["new"]


def test_json_tells_of_every_item_and_removes_only_with_yes(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code_of("clean", "runs", "--json")
    shown = json.loads(capsys.readouterr().out)
    code_of("clean", "runs", "--json", "--yes")
    done = json.loads(capsys.readouterr().out)

    assert [item["removed"] for item in shown["items"]] == [False, False]
    assert [item["removed"] for item in done["items"]] == [True, True]
    assert done["freed"] > 0


def test_what_cannot_be_removed_is_exit_1(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.cleaning.runs.remove_folder", lambda *_args: (_ for _ in ()).throw(OSError(5, "broken")))

    assert code_of("clean", "runs", "--yes") == 1

    assert "left run" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run",), "did you mean 'runs'?"),
        (("runs", "--older-than", "3x"), "not a duration"),
        (("runs", "--larger-than", "big"), "not a size"),
    ],
)
def test_wrong_words_are_exit_2(arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("clean", *arguments) == 2
    assert words in capsys.readouterr().err
