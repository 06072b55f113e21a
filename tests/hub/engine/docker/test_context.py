"""Build contexts: the same input gives the same bytes and the same tag; what must not count does not."""

from __future__ import annotations

import io
import os
import re
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from hub.engine.docker.context import build_context, image_tag, write_tar
from hub.engine.host_network import HostNetwork, host_network
from hub.images import ImageSpec, all_names, load_image
from hub.settings import Settings

NOWHERE = HostNetwork(ca=None, proxies={}, indexes={})


@pytest.fixture
def image(tmp_path: Path) -> ImageSpec:
    folder = tmp_path / "images" / "toy"
    folder.mkdir(parents=True)
    for name in ("Dockerfile", "requirements.lock", "torch.whl", "run.py"):
        (folder / name).write_text(f"{name}\n")
    return ImageSpec(
        name="toy",
        folder=folder,
        python="3.11",
        base="base:1",
        torch="2.0",
        torch_index="https://index.example/cpu",
        wheels=(folder / "torch.whl",),
        payload=(("adapters/toy/runner/run.py", folder / "run.py"),),
    )


def tar_bytes(image: ImageSpec, network: HostNetwork = NOWHERE) -> bytes:
    file = io.BytesIO()
    write_tar(build_context(image, network), file)
    return file.getvalue()


def test_the_tar_is_the_same_whatever_dates_and_modes_the_files_have(image: ImageSpec) -> None:
    before = tar_bytes(image)
    os.utime(image.folder / "run.py", (1, 1))
    (image.folder / "run.py").chmod(0o600)

    assert tar_bytes(image) == before


def test_the_tar_holds_recipe_lock_payload_and_wheels(image: ImageSpec) -> None:
    with tarfile.open(fileobj=io.BytesIO(tar_bytes(image))) as tar:
        entries = {entry.name: (entry.isdir(), entry.uid, entry.mode) for entry in tar}

    assert entries == {
        "ca": (True, 0, 0o755),
        "payload": (True, 0, 0o755),
        "wheels": (True, 0, 0o755),
        "Dockerfile": (False, 0, 0o644),
        "payload/adapters/toy/runner/run.py": (False, 0, 0o644),
        "requirements.lock": (False, 0, 0o644),
        "wheels/torch.whl": (False, 0, 0o644),
    }


@pytest.mark.parametrize("name", ["Dockerfile", "requirements.lock", "torch.whl", "run.py"])
def test_every_file_counts_in_the_digest(image: ImageSpec, name: str) -> None:
    before = build_context(image, NOWHERE).digest
    (image.folder / name).write_text("changed, and longer\n")

    assert build_context(image, NOWHERE).digest != before


@pytest.mark.parametrize("change", [{"base": "base:2"}, {"torch": "2.1"}, {"torch_index": "https://x.example/cu"}])
def test_every_deciding_argument_counts_in_the_digest(image: ImageSpec, change: dict[str, str]) -> None:
    assert build_context(replace(image, **change), NOWHERE).digest != build_context(image, NOWHERE).digest


def test_the_way_to_the_network_does_not_count_in_the_digest(image: ImageSpec, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("certificates")
    network = HostNetwork(
        ca=tmp_path / "ca.pem",
        proxies={"HTTPS_PROXY": "http://proxy.example:3128"},
        indexes={"PIP_INDEX_URL": "https://mirror.example/simple"},
    )

    context = build_context(image, network)

    assert context.digest == build_context(image, NOWHERE).digest
    assert "ca/ca.pem" in dict(context.files)
    assert context.ambient == {
        "HTTPS_PROXY": "http://proxy.example:3128",
        "PIP_CERT": "/build/ca/ca.pem",
        "PIP_INDEX_URL": "https://mirror.example/simple",
    }


def test_an_image_without_torch_gets_no_torch_arguments(image: ImageSpec) -> None:
    context = build_context(replace(image, torch=None, torch_index=None, wheels=()), NOWHERE)

    assert context.arguments == {"BASE": "base:1", "PYTHON": "3.11"}


def test_a_proxy_on_this_host_makes_the_build_use_the_hosts_network(image: ImageSpec) -> None:
    near = host_network({"HTTPS_PROXY": "http://127.0.0.1:7890", "NO_PROXY": "example.org"})
    far = host_network({"HTTPS_PROXY": "http://proxy.example:7890", "NO_PROXY": "localhost"})

    assert build_context(image, near).network_mode == "host"
    assert build_context(image, far).network_mode is None


def test_the_tag_depends_on_context_and_base() -> None:
    tag = image_tag("toy", "sha256:aa", "sha256:bb")

    assert re.fullmatch(r"evaldock/toy:[0-9a-f]{12}", tag)
    assert image_tag("toy", "sha256:aa", "sha256:bb") == tag
    assert image_tag("toy", "sha256:aa", "sha256:cc") != tag
    assert image_tag("toy", "sha256:ab", "sha256:bb") != tag


@pytest.mark.parametrize(
    "value",
    ["https://user:secret@mirror.example/simple", "https://token@mirror.example/simple", "file:///srv/index", ""],
)
def test_an_index_that_is_local_or_has_a_password_is_left_out(value: str) -> None:
    assert host_network({"PIP_INDEX_URL": value, "PIP_EXTRA_INDEX_URL": value}).indexes == {}


def test_one_bad_index_among_several_leaves_all_of_that_variable_out() -> None:
    both = "https://mirror.example/simple file:///srv/index"

    assert host_network({"PIP_EXTRA_INDEX_URL": both}).indexes == {}


def test_the_first_ca_bundle_that_exists_is_taken(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    environ = {"PIP_CERT": str(tmp_path / "gone.pem"), "SSL_CERT_FILE": str(tmp_path / "ca.pem")}

    assert host_network(environ).ca == tmp_path / "ca.pem"


@pytest.mark.parametrize("name", all_names())
def test_the_defaults_of_a_dockerfile_equal_image_yaml(name: str, settings: Settings) -> None:
    image = load_image(name, replace(settings, base_image=None, torch_index=None))
    text = (image.folder / "Dockerfile").read_text()

    defaults = dict(re.findall(r"^ARG (\w+)=(\S+)$", text, flags=re.MULTILINE))

    assert defaults == build_context(image, NOWHERE).arguments


@pytest.mark.parametrize("name", all_names())
def test_the_last_stage_of_a_dockerfile_has_no_way_to_the_network(name: str, settings: Settings) -> None:
    text = (load_image(name, settings).folder / "Dockerfile").read_text()

    last = text.rpartition("\nFROM ")[2]

    assert not re.search(r"pip|ca/|wheels|PIP_|PROXY", last)
    assert "\nUSER 10001:10001\n" in last
