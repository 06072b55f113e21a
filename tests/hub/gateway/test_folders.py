import os
import socket
import threading
from contextlib import ExitStack, suppress

import pytest

from hub.errors import PrerequisiteError
from hub.gateway.folders import is_free, is_served, listen, make_socket_dirs, remove, run_folder, sweep_sockets
from hub.job import SOCKET_NAME


def test_every_job_has_a_folder_of_its_own_by_run(tmp_path):
    folders = make_socket_dirs(tmp_path / "rt", "run", ["0-a", "1-b"])

    assert folders == {
        "0-a": run_folder(tmp_path / "rt", "run") / "0",
        "1-b": run_folder(tmp_path / "rt", "run") / "1",
    }
    assert run_folder(tmp_path, "run") != run_folder(tmp_path, "another run")
    assert len(run_folder(tmp_path, "run").name) == 8


def test_a_link_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "rt").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(PrerequisiteError, match="not a folder"):
        make_socket_dirs(tmp_path / "rt", "run", ["job"])
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_link_in_place_of_a_job_s_folder_is_refused(tmp_path):
    run = run_folder(tmp_path / "rt", "run")
    run.mkdir(parents=True)
    (run / "0").symlink_to(tmp_path)

    with pytest.raises(PrerequisiteError, match="not a folder"):
        make_socket_dirs(tmp_path / "rt", "run", ["job"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_folder_of_somebody_else_is_refused(tmp_path):
    (tmp_path / "rt").mkdir()
    os.chown(tmp_path / "rt", 10001, 10001)

    with pytest.raises(PrerequisiteError, match="uid 10001"):
        make_socket_dirs(tmp_path / "rt", "run", ["job"])


def test_a_folder_that_others_could_read_is_closed(tmp_path):
    (tmp_path / "rt").mkdir()
    (tmp_path / "rt").chmod(0o755)

    make_socket_dirs(tmp_path / "rt", "run", ["job"])

    assert (tmp_path / "rt").stat().st_mode & 0o777 == 0o700


def test_a_place_that_cannot_be_made_names_the_way_out(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(PrerequisiteError, match="cannot be made") as caught:
        make_socket_dirs(tmp_path / "file" / "rt", "run", ["job"])
    assert "XDG_RUNTIME_DIR" in caught.value.hint


def test_a_socket_is_served_only_while_somebody_listens(tmp_path):
    path = tmp_path / "gateway.sock"

    assert not is_served(path)
    with listen(path):
        assert is_served(path)
    assert path.exists()
    assert not is_served(path)
    with listen(path):
        assert is_served(path)


def test_sockets_of_a_dead_gateway_are_swept_and_those_of_a_living_one_are_not(tmp_path):
    runtime = tmp_path / "rt"
    dead, living, young = (make_socket_dirs(runtime, name, ["job"])["job"] for name in ("dead", "living", "young"))
    listen(dead / SOCKET_NAME).close()
    (runtime / "other").mkdir()
    with listen(living / SOCKET_NAME):
        for folder in (dead.parent, living.parent, runtime / "other"):
            os.utime(folder, (1, 1))

        lines = sweep_sockets(runtime)

    assert len(lines) == 1
    assert str(dead.parent) in lines[0]
    assert {path.name for path in runtime.iterdir()} == {living.parent.name, young.parent.name, "other"}


def test_a_link_to_somebody_s_socket_does_not_keep_a_dead_run_s_folder(tmp_path):
    runtime = tmp_path / "rt"
    dead = make_socket_dirs(runtime, "dead", ["job"])["job"]
    with listen(tmp_path / "other.sock"):
        (dead / "server.sock").symlink_to(tmp_path / "other.sock")
        os.utime(dead.parent, (1, 1))

        assert len(sweep_sockets(runtime)) == 1


def test_a_socket_whose_server_has_no_room_for_another_is_served(tmp_path):
    path = tmp_path / "s"
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(path))
        listener.listen(0)
        for _ in range(2):
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            with suppress(BlockingIOError):
                client.connect(str(path))

        assert is_served(path)


def test_nothing_is_swept_where_there_is_nothing(tmp_path):
    assert sweep_sockets(tmp_path / "none") == ()


def test_a_socket_is_free_once_who_served_it_has_ended(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        assert not is_free([path], 0)

        def end_when_looked_at():
            listener.accept()[0].close()  # the look above
            listener.accept()[0].close()
            listener.close()

        ending = threading.Thread(target=end_when_looked_at)
        ending.start()

        assert is_free([path], 30)
        ending.join()


def test_a_gateway_that_ends_leaves_the_socket_of_the_one_that_took_over(tmp_path):
    path = tmp_path / "s"
    with listen(path):
        of_the_first = path.lstat()
        with listen(path):
            remove(path, of_the_first)
            assert is_served(path)

            remove(path, path.lstat())
            assert not path.exists()
    remove(path, of_the_first)
