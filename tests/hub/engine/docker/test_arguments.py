"""The isolation of a container, as the arguments that it is created with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hub.engine.docker.arguments import Container, container_arguments
from hub.job import Job, Limits, Mount

JOB = Job(
    id="0-qwen-native",
    image="native",
    command=("python", "-m", "adapters.native.runner"),
    files={},
    mounts=(Mount(Path("/cache/qwen"), "/models/qwen"),),
    env={"HF_HUB_OFFLINE": "1"},
    limits=Limits(memory_bytes=1 << 30, shm_bytes=1 << 26, pids=100),
    gateway=True,
)
CONTAINER = Container(
    image="sha256:abc",
    folder=Path("/runs/r/jobs/0-qwen-native"),
    user=(1000, 1001),
    labels={"evaldock.run": "r"},
    socket_dir=Path("/run/user/1000/evaldock/x"),
    ca=Path("/etc/ssl/ca.pem"),
    proxies={"HTTPS_PROXY": "http://user:secret@proxy.example:3128"},
)


def test_the_arguments_of_an_offline_job_are_these() -> None:
    assert container_arguments(JOB, CONTAINER) == {
        "image": "sha256:abc",
        "entrypoint": ["python", "-m", "adapters.runtime.entry", "--"],
        "command": ["python", "-m", "adapters.native.runner"],
        "user": "1000:1001",
        "environment": {
            "HOME": "/home/evaldock",
            "USER": "evaldock",
            "LOGNAME": "evaldock",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "HF_HUB_OFFLINE": "1",
            "EVALDOCK_SOCKET": "/run/evaldock/gateway.sock",
        },
        "labels": {"evaldock.run": "r"},
        "working_dir": "/home/evaldock",
        "use_config_proxy": False,
        "network_mode": "none",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "init": True,
        "tmpfs": {
            "/tmp": "rw,noexec,nosuid,nodev,size=8g,mode=1777",
            "/home/evaldock": "rw,noexec,nosuid,nodev,size=8g,mode=0700,uid=1000,gid=1001",
        },
        "pids_limit": 100,
        "shm_size": 1 << 26,
        "mem_limit": 1 << 30,
        "memswap_limit": 1 << 30,
        "mounts": [
            bind("/runs/r/jobs/0-qwen-native/input", "/job/input", read_only=True),
            bind("/runs/r/jobs/0-qwen-native/output", "/job/output", read_only=False),
            bind("/cache/qwen", "/models/qwen", read_only=True),
            bind("/run/user/1000/evaldock/x", "/run/evaldock", read_only=True),
        ],
        "device_requests": [],
        "log_config": {"type": "local", "config": {"max-size": "256m", "max-file": "2"}},
    }


def test_a_job_with_network_gets_the_hosts_way_to_it() -> None:
    arguments = container_arguments(replace(JOB, network="bridge"), CONTAINER)

    assert arguments["network_mode"] == "bridge"
    assert arguments["environment"]["HTTPS_PROXY"] == "http://user:secret@proxy.example:3128"
    assert arguments["environment"]["SSL_CERT_FILE"] == "/run/evaldock-ca.pem"
    assert bind("/etc/ssl/ca.pem", "/run/evaldock-ca.pem", read_only=True) in arguments["mounts"]


def test_a_gpu_job_gets_exactly_its_devices_and_executable_scratch() -> None:
    arguments = container_arguments(replace(JOB, gpus=("3", "5")), CONTAINER)

    assert arguments["device_requests"] == [{"device_ids": ["3", "5"], "capabilities": [["gpu"]]}]
    assert all(options.startswith("rw,exec,nosuid,") for options in arguments["tmpfs"].values())


def test_a_daemon_with_cdi_is_asked_for_cdi_names() -> None:
    arguments = container_arguments(replace(JOB, gpus=("3",)), replace(CONTAINER, gpu_driver="cdi"))

    assert arguments["device_requests"] == [{"driver": "cdi", "device_ids": ["nvidia.com/gpu=3"]}]


def test_a_job_without_gateway_gets_no_socket() -> None:
    arguments = container_arguments(JOB, replace(CONTAINER, socket_dir=None))

    assert "EVALDOCK_SOCKET" not in arguments["environment"]
    assert all(mount["Target"] != "/run/evaldock" for mount in arguments["mounts"])


def test_the_adapter_may_not_redirect_the_socket() -> None:
    arguments = container_arguments(replace(JOB, env={"EVALDOCK_SOCKET": "/elsewhere"}), CONTAINER)

    assert arguments["environment"]["EVALDOCK_SOCKET"] == "/run/evaldock/gateway.sock"


def test_the_entry_gets_the_time_out_with_slack_so_that_the_hubs_stop_comes_first() -> None:
    job = replace(JOB, limits=Limits(timeout_s=90), env={"EVALDOCK_TIMEOUT_S": "1"})

    assert container_arguments(job, CONTAINER)["environment"]["EVALDOCK_TIMEOUT_S"] == "150.000"


def test_no_memory_limit_means_none() -> None:
    arguments = container_arguments(replace(JOB, limits=Limits(memory_bytes=None)), CONTAINER)

    assert not {"mem_limit", "memswap_limit"} & set(arguments)


def bind(source: str, target: str, *, read_only: bool) -> dict[str, object]:
    return {"Type": "bind", "Source": source, "Target": target, "ReadOnly": read_only}


def test_a_server_makes_its_socket_in_a_folder_that_it_may_write_and_has_no_other() -> None:
    made = container_arguments(replace(JOB, gateway=False, serves=True), CONTAINER)

    (folder,) = [mount for mount in made["mounts"] if mount["Target"] == "/run/evaldock"]
    assert not folder["ReadOnly"]
    assert made["environment"]["EVALDOCK_LISTEN"] == "/run/evaldock/server.sock"
    assert "EVALDOCK_SOCKET" not in made["environment"]
    assert made["network_mode"] == "none"
