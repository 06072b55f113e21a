"""What the daemon refuses, in evaldock's words: which error, and what to do."""

from __future__ import annotations

import gc
import socket
from pathlib import Path
from typing import Any

import pytest
import requests
from docker.errors import APIError, DockerException, ImageNotFound

from hub.engine.docker.client import connect, gpu_driver, is_rootless, list_images, translated
from hub.engine.docker.engine import DockerEngine
from hub.errors import EngineError, EvaldockError, ImageError, PrerequisiteError
from hub.settings import Settings


def api_error(explanation: str, kind: type[APIError] = APIError) -> APIError:
    response = requests.Response()
    response.status_code = 500
    return kind("500 Server Error", response=response, explanation=explanation)


@pytest.mark.parametrize(
    ("raised", "expected", "hint"),
    [
        (api_error('could not select device driver "" with capabilities: [[gpu]]'), PrerequisiteError, "nvidia-ctk"),
        (api_error("invalid mount config: bind source path does not exist: /runs"), EngineError, "same path"),
        (api_error("something new"), EngineError, ""),
        (api_error("No such image: x", ImageNotFound), ImageError, "evaldock build"),
        (requests.ConnectionError("Connection refused"), PrerequisiteError, "systemctl start docker"),
        (DockerException("PermissionError(13, 'Permission denied')"), PrerequisiteError, "usermod -aG docker"),
    ],
)
def test_each_failure_has_its_error_and_hint(raised: Exception, expected: type[EvaldockError], hint: str) -> None:
    with pytest.raises(EvaldockError) as caught, translated("start job 'x'"):
        raise raised

    assert type(caught.value) is expected
    assert hint in caught.value.hint


_RUNC = "OCI runtime create failed: runc create failed: error setting cgroup config for procHooks process: "
_HOOK = "error running hook: exit status 1, stderr: nvidia-container-cli: device error: "


@pytest.mark.parametrize(
    ("said", "expected", "key"),
    [
        ("Minimum memory limit allowed is 6MB", EngineError, "resources.memory"),
        (f"{_RUNC}unable to set memory limit to 20971520 (current usage: 21401600)", EngineError, "resources.memory"),
        (f'{_RUNC}failed to write "9": write /sys/fs/cgroup/x/memory.max: invalid', EngineError, "resources.memory"),
        ("SHM size can not be less than 0", EngineError, "resources.shm_size"),
        (
            f'{_RUNC}failed to write "8388608": write /sys/fs/cgroup/x/pids.max: invalid',
            EngineError,
            "resources.pids",
        ),
        (f"{_HOOK}7: unknown device: unknown", PrerequisiteError, "resources.gpus"),
        (
            "CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=7",
            PrerequisiteError,
            "resources.gpus",
        ),
    ],
)
def test_a_refused_limit_is_one_sentence_with_the_tasks_key(
    said: str, expected: type[EvaldockError], key: str
) -> None:
    with pytest.raises(EvaldockError) as caught, translated("start job 'x'"):
        raise api_error(said)

    assert type(caught.value) is expected
    assert f"the task's {key}" in caught.value.message
    assert len(caught.value.message) < 120
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "said"), [("no.sock", "there is no such socket"), ("left", "nothing listens there")]
)
def test_a_daemon_that_is_down_is_a_missing_prerequisite_and_leaves_no_socket_open(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, said: str
) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "left"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/{name}")

    with pytest.raises(PrerequisiteError, match=rf"{name}: {said}"):
        connect()
    gc.collect()  # an open one would be a warning, and those are errors here


def test_check_finds_a_daemon_that_is_down_without_raising(settings: Settings) -> None:
    def down() -> Any:
        raise PrerequisiteError("Docker does not answer", hint="start it")

    findings = DockerEngine(settings, client=down).check(gpus=True)

    assert [(finding.level, finding.mend) for finding in findings] == [("missing", "start it")]


@pytest.mark.parametrize(
    ("info", "driver"),
    [
        ({"Runtimes": {"runc": {}, "nvidia": {}}}, "nvidia"),
        ({"Runtimes": {"runc": {}}, "DiscoveredDevices": [{"Source": "cdi", "ID": "nvidia.com/gpu=0"}]}, "cdi"),
        ({"Runtimes": {"runc": {}}, "DiscoveredDevices": None}, None),
        ({}, None),
    ],
)
def test_how_gpus_are_handed_out(info: dict[str, Any], driver: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)

    assert gpu_driver(info) == driver


def test_rootless_is_read_from_the_security_options() -> None:
    assert is_rootless({"SecurityOptions": ["name=seccomp,profile=default", "name=rootless"]})
    assert not is_rootless({"SecurityOptions": ["name=seccomp,profile=default"]})
    assert not is_rootless({"SecurityOptions": None})


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("('Connection aborted.', FileNotFoundError(2, 'No such file or directory'))", "there is no such socket"),
        ("Failed to establish a new connection: [Errno 111] Connection refused", "nothing listens there"),
        ("Failed to resolve 'x.invalid' ([Errno -2] Name or service not known)", "no machine of that name is known"),
        ("UnixHTTPConnectionPool(host='localhost', port=None): Read timed out.", "no answer within 5 s"),
        ("something new", "something new"),
    ],
)
def test_a_daemon_that_is_not_there_is_told_in_few_words(
    said: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://x")

    with pytest.raises(PrerequisiteError) as caught, translated("look"):
        raise DockerException(f"Error while fetching server API version: {said}")

    assert caught.value.message.removeprefix("Docker does not answer at tcp://x: ").endswith(words)
    assert ("Error while" in caught.value.message) is (said == words)


class Vanishing:
    """A daemon's client whose list fails as docker's does where an image is removed while it is made."""

    def __init__(self, times: int) -> None:
        self.images = self
        self._left = times

    def list(self, **query: Any) -> list[str]:
        self._left -= 1
        if self._left >= 0:
            raise api_error("no such image: sha256:ab", ImageNotFound)
        return [str(query)]


def test_images_that_others_remove_meanwhile_break_no_list() -> None:
    assert list_images(Vanishing(3), name="x") == ["{'name': 'x'}"]  # type: ignore[arg-type, comparison-overlap]


def test_a_list_that_never_comes_is_an_error() -> None:
    with pytest.raises(ImageNotFound):
        list_images(Vanishing(100))  # type: ignore[arg-type]
