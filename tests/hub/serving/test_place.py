import os
import stat
from pathlib import Path

from hub.serving.place import last_line, make_socket_dir, server_socket, shelve
from tests.hub.test_removal import deep_folder


def test_the_socket_of_a_server_is_at_the_same_place_at_every_start_of_its_run(tmp_path: Path) -> None:
    assert server_socket(tmp_path, "run", 1) == server_socket(tmp_path, "run", 1)
    assert server_socket(tmp_path, "run", 1) != server_socket(tmp_path, "run", 0)


def test_the_folder_of_a_socket_is_private_and_has_nothing_of_an_earlier_start(tmp_path: Path) -> None:
    made = make_socket_dir(tmp_path, tmp_path / "r" / "s0" / "server.sock", (1234, 1234))
    (made / "server.sock").write_text("old")

    again = make_socket_dir(tmp_path, tmp_path / "r" / "s0" / "server.sock", (1234, 1234))

    assert list(again.iterdir()) == []
    assert stat.S_IMODE(again.stat().st_mode) == 0o700


def test_folders_that_a_hostile_server_made_in_folders_do_not_keep_the_next_from_starting(tmp_path: Path) -> None:
    made = make_socket_dir(tmp_path, tmp_path / "r" / "s0" / "server.sock", (os.getuid(), os.getgid()))
    deep_folder(made / "deep")

    again = make_socket_dir(tmp_path, tmp_path / "r" / "s0" / "server.sock", (os.getuid(), os.getgid()))

    assert list(again.iterdir()) == []


def test_logs_of_earlier_starts_are_kept_and_their_ends_forgotten(tmp_path: Path) -> None:
    for text in ("first", "second"):
        (tmp_path / "log.txt").write_text(text)
        (tmp_path / "outcome.json").write_text("{}")
        shelve(tmp_path)

    found = {path.name: path.read_text() for path in tmp_path.iterdir()}

    assert found == {"log.1.txt": "first", "log.2.txt": "second"}


def test_the_last_line_that_says_something_is_the_end_of_a_log(tmp_path: Path) -> None:
    assert last_line(tmp_path) == ""

    (tmp_path / "log.txt").write_bytes(b"a\n  b \xff\n\n  \n")

    assert last_line(tmp_path) == "b �"
