"""Where things lie on this machine: what the variables say, as far as it can be used."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import PrerequisiteError
from hub.gateway.folders import make_socket_dirs
from hub.job import SOCKET_NAME
from hub.settings import load_settings

FALLBACK = Path(f"/tmp/evaldock-{os.getuid()}")


@pytest.fixture
def long_folder() -> Iterator[Path]:
    """Return a folder of 70 bytes: with `evaldock` in it the longest that sockets can lie below."""
    top = Path(f"/tmp/ed{os.getpid()}")
    folder = top / ("x" * (69 - len(str(top))))
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(top)


def test_sockets_lie_in_the_users_runtime_folder() -> None:
    assert load_settings({"XDG_RUNTIME_DIR": "/tmp"}).runtime_dir == Path("/tmp/evaldock")


@pytest.mark.parametrize("xdg", ["", "/nowhere", "."])
def test_without_a_runtime_folder_sockets_lie_in_a_folder_of_this_user(xdg: str) -> None:
    assert load_settings({"XDG_RUNTIME_DIR": xdg}).runtime_dir == FALLBACK


def test_a_runtime_folder_just_short_enough_holds_sockets(long_folder: Path) -> None:
    runtime_dir = load_settings({"XDG_RUNTIME_DIR": str(long_folder)}).runtime_dir

    folders = make_socket_dirs(runtime_dir, "run", [str(number) for number in range(3)])

    assert runtime_dir == long_folder / "evaldock"
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(folders["2"] / SOCKET_NAME))


def test_where_the_runtime_folder_is_too_long_sockets_lie_in_a_folder_of_this_user(long_folder: Path) -> None:
    longer = long_folder.with_name(f"{long_folder.name}x")
    longer.mkdir()

    assert load_settings({"XDG_RUNTIME_DIR": str(longer)}).runtime_dir == FALLBACK


@pytest.mark.parametrize(("stated", "size"), [("", 20 << 30), ("500m", 500 << 20), ("2g", 2 << 30)])
def test_the_size_of_kept_answers_is_stated_like_any_size(stated: str, size: int) -> None:
    assert load_settings({"EVALDOCK_ANSWERS_SIZE": stated}).answers_bytes == size


def test_a_size_that_is_none_is_refused_by_its_variable_s_name() -> None:
    with pytest.raises(PrerequisiteError, match=r"EVALDOCK_ANSWERS_SIZE.*lots"):
        load_settings({"EVALDOCK_ANSWERS_SIZE": "lots"})


@pytest.mark.parametrize(
    ("stated", "gpus"),
    [
        ("", None),
        ("none", ()),
        ("0,1", (("0", 0), ("1", 0))),
        ("0:80g, 2:24g", (("0", 80 << 30), ("2", 24 << 30))),
    ],
)
def test_gpus_can_be_stated(stated: str, gpus: tuple[tuple[str, int], ...] | None) -> None:
    assert load_settings({"EVALDOCK_GPUS": stated}).gpus == gpus


def test_the_most_jobs_at_once_can_be_stated() -> None:
    assert (load_settings({}).jobs, load_settings({"EVALDOCK_JOBS": "3"}).jobs) == (None, 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EVALDOCK_GPUS", "0,0"),
        ("EVALDOCK_GPUS", "none,1"),
        ("EVALDOCK_GPUS", "0:much"),
        ("EVALDOCK_JOBS", "0"),
        ("EVALDOCK_JOBS", "many"),
    ],
)
def test_what_cannot_be_gpus_or_a_number_of_jobs_is_refused(name: str, value: str) -> None:
    with pytest.raises(PrerequisiteError, match=name):
        load_settings({name: value})
