import json
from pathlib import Path

import pytest

from hub import answers
from hub.cli.complete import complete_kept
from hub.settings import load_settings
from tests.hub.cleaning.test_folders import make_run
from tests.hub.cleaning.test_kept import count, keep
from tests.hub.test_cli import code_of

OLD, NEW = "20260101T000000Z-old-01234567", "20260102T000000Z-new-89abcdef"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep answers of an old and of a new run, and shared ones."""
    for name in ("CACHE", "STATE", "RUNS"):
        monkeypatch.setenv(f"EVALDOCK_{name}", str(tmp_path / name))
    make_run(tmp_path / "RUNS", OLD, state="partial")
    make_run(tmp_path / "RUNS", NEW, state="failed")
    keep(answers.run_file(tmp_path / "STATE", OLD), used_at=1.0)
    keep(answers.run_file(tmp_path / "STATE", NEW))
    keep(answers.shared_file(tmp_path / "STATE"), 2)
    return tmp_path / "STATE"


def left(state: Path) -> list[int]:
    files = (answers.run_file(state, OLD), answers.run_file(state, NEW), answers.shared_file(state))
    return [count(file) for file in files]


def test_ls_shows_every_run_s_answers_and_what_a_resume_saves(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("cache", "ls") == 0

    header, old, new, shared, total = capsys.readouterr().out.splitlines()
    assert header.split()[:3] == ["run", "state", "answers"]
    assert old.startswith(f"{OLD}  partial")
    assert old.endswith("3 answers, 45 tokens")
    assert new.startswith(f"{NEW}  failed")
    assert shared.split()[:2] == ["shared", "2"]
    assert total.startswith("8 answers, ")


def test_ls_says_that_there_are_none(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code_of("cache", "clear", "--all", "--yes")
    capsys.readouterr()

    code_of("cache", "ls")

    assert capsys.readouterr().out == "no answers are kept\n"
    assert left(state) == [0, 0, 0]


def test_ls_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code_of("cache", "ls", "--json")

    told = json.loads(capsys.readouterr().out)
    assert [(entry["run"], entry["answers"], entry["saves"]) for entry in told["kept"]] == [
        (OLD, 3, True), (NEW, 3, True), ("shared", 2, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "rest"),
    [
        ((OLD,), [0, 3, 2]),
        (("20260102",), [3, 0, 2]),
        (("89abcdef", "--shared"), [3, 0, 0]),
        (("latest",), [3, 0, 2]),
        (("--shared",), [3, 3, 0]),
        (("--all",), [0, 0, 0]),
        (("--older-than", "30d"), [0, 3, 2]),
        (("--all", "--older-than", "30d"), [0, 3, 2]),
        ((NEW, "--older-than", "30d"), [3, 3, 2]),
    ],
)
def test_clear_removes_what_was_named(state: Path, arguments: tuple[str, ...], rest: list[int]) -> None:
    assert code_of("cache", "clear", *arguments, "--yes") == 0

    assert left(state) == rest


@pytest.mark.parametrize("options", [("--dry-run",), ("--json",)])
def test_a_look_removes_nothing(state: Path, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("cache", "clear", OLD, *options) == 0

    assert OLD in capsys.readouterr().out
    assert left(state) == [3, 3, 2]


def test_without_a_terminal_and_without_yes_nothing_goes(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("cache", "clear", "--all") == 3

    assert "--yes" in capsys.readouterr().err
    assert left(state) == [3, 3, 2]


def test_json_with_yes_says_what_was_freed(capsys: pytest.CaptureFixture[str]) -> None:
    code_of("cache", "clear", OLD, "--json", "--yes")

    told = json.loads(capsys.readouterr().out)
    assert [(entry["run"], entry["removed"]) for entry in told["kept"]] == [(OLD, True)]
    assert told["freed"] > 0


def test_what_clear_lists_is_what_it_says_was_freed(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code_of("cache", "clear", OLD, "--json", "--yes")
    removed = json.loads(capsys.readouterr().out)
    code_of("cache", "clear", "--all", "--yes")

    *_, total, freed = capsys.readouterr().out.splitlines()
    assert removed["freed"] == removed["kept"][0]["size"]
    assert total == f"5 answers, {freed.removesuffix(' freed')}"


def test_of_the_shared_answers_only_those_are_listed_that_would_go(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(answers.shared_file(state), 4, used_at=1.0)

    code_of("cache", "clear", "--shared", "--older-than", "30d", "--dry-run")

    assert capsys.readouterr().out.splitlines()[-1].startswith("4 answers, ")


def test_a_live_run_s_stay_and_that_is_exit_1(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with make_run(state.parent / "RUNS", OLD + "x", state="running").lock():
        keep(answers.run_file(state, OLD + "x"))
        code = code_of("cache", "clear", "--all", "--yes")

    said = capsys.readouterr().out
    assert code == 1
    assert f"left those of {OLD}x: it is live" in said
    assert "left those of shared: run " in said
    assert left(state) == [0, 0, 2]


def test_a_run_that_keeps_nothing_is_no_error(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(state.parent / "RUNS", "20260103T000000Z-none-01234567")

    assert code_of("cache", "clear", "20260103", "--yes") == 0

    assert "no answers are kept" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name runs"),
        (("nobody",), "no run 'nobody'"),
        (("2026",), "fits 2 runs"),
        (("--older-than", "x"), "not a"),
    ],
)
def test_wrong_words_are_exit_2(
    state: Path, arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("cache", "clear", *arguments, "--yes") == 2

    assert words in capsys.readouterr().err
    assert left(state) == [3, 3, 2]


def test_the_tab_key_offers_runs_whose_answers_are_kept() -> None:
    offered = complete_kept(None, None, "2026")  # type: ignore[arg-type]

    assert [item.value for item in offered] == [NEW, OLD]
    assert load_settings().state_dir.name == "STATE"
