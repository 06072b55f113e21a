import os
from pathlib import Path

import pytest

from hub import owndata
from hub.owndata import fingerprint


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of a user's data: two files, one of them in a folder."""
    folder = tmp_path / "data"
    (folder / "part").mkdir(parents=True)
    (folder / "a.jsonl").write_text("1\n")
    (folder / "part" / "b.jsonl").write_text("22\n")
    return folder


def age(file: Path) -> None:
    """Let a file have been changed earlier."""
    os.utime(file, ns=(0, 0))


def test_a_fingerprint_says_how_much_there_is(data: Path) -> None:
    assert fingerprint(data).startswith("2 files, 5 B, sha256:")
    assert fingerprint(data / "a.jsonl").startswith("1 file, 2 B, sha256:")


def test_the_same_content_has_the_same_one_wherever_and_whenever_it_was_written(data: Path, tmp_path: Path) -> None:
    before = fingerprint(data)

    age(data / "a.jsonl")
    data.rename(tmp_path / "elsewhere")

    assert fingerprint(tmp_path / "elsewhere") == before


@pytest.mark.parametrize("change", ["content", "name", "place", "more", "fewer"])
def test_what_changes_the_data_changes_it(data: Path, change: str) -> None:
    before = fingerprint(data)

    match change:
        case "content":
            (data / "a.jsonl").write_text("2\n")
        case "name":
            (data / "a.jsonl").rename(data / "c.jsonl")
        case "place":
            (data / "part" / "b.jsonl").rename(data / "b.jsonl")
        case "more":
            (data / "c.jsonl").write_text("")
        case "fewer":
            (data / "a.jsonl").unlink()

    assert fingerprint(data) != before


def test_of_large_data_sizes_and_times_count(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owndata, "_READ_BYTES", 4)
    before = fingerprint(data)
    (data / "a.jsonl").write_text("2\n")
    age(data / "a.jsonl")
    changed = fingerprint(data)
    (data / "a.jsonl").write_text("1\n")
    age(data / "a.jsonl")

    assert before.endswith(" over sizes and times")
    assert changed != before
    assert fingerprint(data) == changed  # the size and the time are those of the other content


def test_only_what_a_data_set_reads_counts(data: Path) -> None:
    before = [fingerprint(data, patterns) for patterns in (("part",), ("part/*.jsonl",), ("part/b.jsonl",))]

    (data / "a.jsonl").write_text("changed\n")

    assert [fingerprint(data, patterns) for patterns in (("part",), ("part/*.jsonl",), ("part/b.jsonl",))] == before
    assert before[0].startswith("1 file, ")


def test_runs_and_hidden_files_among_the_data_do_not_count(data: Path) -> None:
    before = fingerprint(data)

    (data / "runs" / "r").mkdir(parents=True)
    (data / "runs" / "r" / "run.json").write_text("{}")
    (data / "runs" / "r" / "report.json").write_text("{}")
    (data / ".git").mkdir()
    (data / ".git" / "HEAD").write_text("x")
    (data / ".hidden").write_text("x")

    assert fingerprint(data) == before


def test_links_count_as_what_they_lead_to_and_a_circle_ends(data: Path, tmp_path: Path) -> None:
    (tmp_path / "far.jsonl").write_text("1\n")
    (data / "far.jsonl").symlink_to(tmp_path / "far.jsonl")
    (data / "part" / "up").symlink_to(data)
    before = fingerprint(data)

    (tmp_path / "far.jsonl").write_text("2\n")

    assert fingerprint(data) != before


@pytest.mark.parametrize("name", ["absent", "a.jsonl/below"])
def test_what_cannot_be_read_has_none(data: Path, name: str) -> None:
    assert fingerprint(data / name) == ""
