import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from hub.engine import Isolation
from hub.errors import PrerequisiteError
from hub.gateway.folders import run_folder, sweep_sockets
from hub.serving.place import (
    held_sockets,
    last_line,
    make_socket_dir,
    server_socket,
    shelve,
    sockets_dir,
)
from hub.settings import Settings
from tests.hub.test_removal import deep_folder


def test_the_socket_of_a_server_is_at_the_same_place_at_every_start_of_its_run(tmp_path: Path) -> None:
    assert server_socket(tmp_path, "run", 1) == server_socket(tmp_path, "run", 1)
    assert server_socket(tmp_path, "run", 1) != server_socket(tmp_path, "run", 0)


def test_the_folder_of_a_socket_is_private_and_has_nothing_of_an_earlier_start(tmp_path: Path) -> None:
    made = make_socket_dir(tmp_path, tmp_path / "r" / "s0" / "server.sock", (1234, 1234), "namespace")
    (made / "server.sock").write_text("old")

    again = make_socket_dir(tmp_path, tmp_path / "r" / "s0" / "server.sock", (1234, 1234), "namespace")

    assert list(again.iterdir()) == []
    assert stat.S_IMODE(again.stat().st_mode) == 0o700


def test_folders_that_a_hostile_server_made_in_folders_do_not_keep_the_next_from_starting(tmp_path: Path) -> None:
    made = make_socket_dir(tmp_path, tmp_path / "r" / "s0" / "server.sock", (os.getuid(), os.getgid()), "container")
    deep_folder(made / "deep")

    again = make_socket_dir(tmp_path, tmp_path / "r" / "s0" / "server.sock", (os.getuid(), os.getgid()), "container")

    assert list(again.iterdir()) == []


def test_a_container_makes_its_socket_on_the_disk_however_long_the_name(settings: Settings, tmp_path: Path) -> None:
    settings = replace(settings, state_dir=tmp_path / ("x" * 200))
    sockets = sockets_dir(settings, "container")

    made = make_socket_dir(sockets, server_socket(sockets, "run", 0), (os.getuid(), os.getgid()), "container")

    assert made.is_relative_to(settings.state_dir)


@pytest.mark.parametrize("isolation", ["namespace", "none"])
def test_elsewhere_a_socket_has_the_short_name_that_it_needs(settings: Settings, isolation: Isolation) -> None:
    assert sockets_dir(settings, isolation) == settings.runtime_dir

    long = settings.runtime_dir / ("x" * 100)
    with pytest.raises(PrerequisiteError, match="a socket's path may have 107"):
        make_socket_dir(long, server_socket(long, "run", 0), (os.getuid(), os.getgid()), isolation)


def test_what_servers_left_is_removed_with_the_place_of_their_sockets(tmp_path: Path) -> None:
    with held_sockets(tmp_path / "rt", "run", 2):
        for number in range(2):
            socket = server_socket(tmp_path / "rt", "run", number)
            made = make_socket_dir(tmp_path / "rt", socket, (os.getuid(), os.getgid()), "container")
            (made / "litter").write_text("x")

    assert list((tmp_path / "rt").iterdir()) == []


def test_what_others_of_the_run_have_there_stays(tmp_path: Path) -> None:
    with held_sockets(tmp_path, "run", 1):
        (run_folder(tmp_path, "run") / "0").mkdir()

    assert [path.name for path in run_folder(tmp_path, "run").iterdir()] == ["0"]


def test_the_place_of_a_server_that_loads_is_not_swept_and_that_of_a_dead_one_is(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "run")
    with held_sockets(tmp_path, "run", 1):
        make_socket_dir(tmp_path, server_socket(tmp_path, "run", 0), (os.getuid(), os.getgid()), "container")
        os.utime(folder, (0, 0))
        held = sweep_sockets(tmp_path)
        (folder / "s0").rename(tmp_path / "kept")
    (folder / "s0").mkdir(parents=True)
    (folder / ".lock").touch()
    os.utime(folder, (0, 0))

    assert held == ()
    assert sweep_sockets(tmp_path) == (f"removed the sockets in {folder}, whose hub is gone",)


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


def test_why_our_entry_ended_a_server_is_told_before_what_the_server_says_of_its_end(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(
        "ready\nevaldock: its forwarder is gone\nBrokenPipeError: [Errno 32] Broken pipe\n"
    )

    assert last_line(tmp_path, r"Error: ") == "evaldock: its forwarder is gone"
