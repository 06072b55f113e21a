"""A job's tree and environment are made from the job alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.engine import Placement
from hub.engine.venv.tree import clear, job_environment, plant, root_of, temporary_of
from hub.errors import EngineError
from hub.job import Job, Mount
from tests.hub.test_removal import deep_folder

_HOST = {"SECRET": "x", "HTTPS_PROXY": "http://p", "LD_LIBRARY_PATH": "/nvidia", "PATH": "/host/bin"}


@pytest.fixture
def place(tmp_path: Path) -> Placement:
    folder = tmp_path / "run" / "jobs" / "1-m-echo"
    (folder / "input").mkdir(parents=True)
    (folder / "output").mkdir()
    return Placement("run", folder, tmp_path / "sockets")


def _job(**fields: object) -> Job:
    return Job(id="1-m-echo", image="echo", command=("true",), files={}, **fields)  # type: ignore[arg-type]


def _environment(job: Job, place: Placement) -> dict[str, str]:
    return job_environment(job, place, Path("/env"), Path("/payload"), _HOST)


def test_nothing_of_the_host_is_seen(place: Placement) -> None:
    env = _environment(_job(), place)

    assert not {"SECRET", "HTTPS_PROXY", "LD_LIBRARY_PATH"} & set(env)
    assert env["PATH"] == "/env/bin:/usr/local/bin:/usr/bin:/bin"
    assert env["PYTHONPATH"] == "/payload"
    assert env["CUDA_VISIBLE_DEVICES"] == ""


def test_a_job_with_a_network_gets_the_proxy(place: Placement) -> None:
    assert _environment(_job(network="host"), place)["HTTPS_PROXY"] == "http://p"


def test_a_job_with_gpus_sees_these_alone_and_finds_the_driver(place: Placement) -> None:
    env = _environment(_job(gpus=("1", "3")), place)

    assert env["CUDA_VISIBLE_DEVICES"] == "1,3"
    assert env["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"  # nvidia-smi's numbers, which are those of the plan
    assert env["LD_LIBRARY_PATH"] == "/nvidia"


def test_only_a_job_with_a_gateway_gets_the_socket(place: Placement) -> None:
    assert "EVALDOCK_SOCKET" not in _environment(_job(), place)
    assert _environment(_job(gateway=True), place)["EVALDOCK_SOCKET"].endswith("/sockets/gateway.sock")


def test_a_job_cannot_name_another_root(place: Placement) -> None:
    env = _environment(_job(env={"EVALDOCK_ROOT": "/", "HF_HOME": "/h"}), place)

    assert env["EVALDOCK_ROOT"] == str(root_of(place.folder))
    assert env["HF_HOME"] == "/h"


def test_the_temporary_folder_is_short(place: Placement) -> None:
    assert len(str(temporary_of(Path("/a" * 200)))) < 60 or not str(temporary_of(Path("/a"))).startswith("/tmp/")


def test_a_mount_inside_a_mount_is_refused(place: Placement, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    mounts = (Mount(tmp_path / "data", "/data"), Mount(tmp_path / "data", "/data/inner"))

    with pytest.raises(EngineError, match="inside another mount"):
        plant(_job(mounts=mounts), place)
    clear(place.folder)

    assert list((tmp_path / "data").iterdir()) == []


def test_clearing_removes_what_a_job_closed_and_what_lies_deep(place: Placement, tmp_path: Path) -> None:
    plant(_job(), place)
    left = deep_folder(temporary_of(place.folder) / "deep").parent
    (left / "closed").mkdir()
    (left / "closed" / "file").touch()
    (left / "closed").chmod(0)

    clear(place.folder)

    assert not left.exists()


def test_clearing_does_not_follow_links(place: Placement, tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "file").touch()
    plant(_job(mounts=(Mount(tmp_path / "weights", "/models/m"),)), place)

    clear(place.folder)

    assert (tmp_path / "weights" / "file").exists()
    assert (place.folder / "input").is_dir()
