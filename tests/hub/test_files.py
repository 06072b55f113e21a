"""Files appear whole, with the permissions that the user's umask gives them; those of jobs are read without trust."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.files import OutputError, odd_file, output_reader, read_json, read_lines, write_atomic
from hub.removal import remove_tree
from tests.hub.test_removal import deep_folder

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("umask", "mode"), [("0o022", 0o644), ("0o077", 0o600), ("0o002", 0o664)])
def test_a_file_has_the_mode_that_the_umask_leaves(tmp_path: Path, umask: str, mode: int) -> None:
    source = f"import os, pathlib, hub.files; os.umask({umask}); hub.files.write_atomic(pathlib.Path('f'), 'x')"
    subprocess.run([sys.executable, "-c", source], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=True)

    assert (tmp_path / "f").stat().st_mode & 0o777 == mode


def test_writing_leaves_the_umask_alone_for_other_threads_have_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def touched(_mask: int) -> int:
        raise AssertionError("the umask was touched")

    monkeypatch.setattr(os, "umask", touched)

    write_atomic(tmp_path / "f", "text")

    assert (tmp_path / "f").read_text() == "text"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_atomic(tmp_path / "f", "old")

    with pytest.raises(UnicodeEncodeError):
        write_atomic(tmp_path / "f", "\ud800")

    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("f", "old")]


@pytest.mark.parametrize("place", ["../secret", "/etc/passwd", "a/../../secret", "link/secret", ""])
def test_a_job_s_file_is_read_below_its_output_only(tmp_path: Path, place: str) -> None:
    (tmp_path / "secret").write_text("secret")
    output = tmp_path / "output"
    output.mkdir()
    (output / "link").symlink_to(tmp_path)

    with pytest.raises(OutputError, match="cannot be read"):
        output_reader(output)(place)


def test_a_job_s_file_that_is_not_there_is_none(tmp_path: Path) -> None:
    read = output_reader(tmp_path)

    assert (read("a/b.json"), read_json(read, "b.json"), list(read_lines(read, "c.jsonl"))) == (None, None, [])


def test_numbers_can_be_kept_as_the_texts_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": 1.50, "b": 7}')

    assert read_json(output_reader(tmp_path), "a.json", literal=True) == {"a": "1.50", "b": "7"}


def test_half_a_line_and_what_is_no_object_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n3\n{"b": ')

    assert list(read_lines(output_reader(tmp_path), "a.jsonl")) == [{"a": 1}]


def test_what_is_neither_file_nor_folder_nor_a_link_inside_is_found_and_else_nothing(tmp_path: Path) -> None:
    folder = deep_folder(tmp_path / "output", 1100)
    outside, pipe = folder / "a" / "outside", folder / "a" / "a" / "pipe"
    (folder / "link").symlink_to("a/a")

    found = [odd_file(folder)]
    outside.symlink_to("../..")
    found.append(odd_file(folder))
    outside.unlink()
    os.mkfifo(pipe)
    found.append(odd_file(folder))
    remove_tree(folder)  # what pytest cannot

    assert found == [None, outside, pipe]
