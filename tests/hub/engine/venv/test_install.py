"""The commands of a build are decided before anything runs, for uv and for pip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hub.engine.venv.install import builders, hint_for, install_steps, pins
from hub.images import ImageSpec, load_image
from hub.settings import load_settings

_FOLDER = Path("/cache/envs/x")
_UV = ("/bin/uv",)


@pytest.fixture
def native() -> ImageSpec:
    return replace(load_image("native", load_settings({})), torch="2.6.0", torch_index="https://torch/cpu")


def test_an_empty_lock_needs_no_installer() -> None:
    echo = load_image("echo", load_settings({}))

    [step] = install_steps(echo, "/bin/python3.11", _FOLDER, _UV)

    assert step.argv == ("/bin/python3.11", "-m", "venv", "--without-pip", str(_FOLDER))


def test_the_lock_is_installed_with_hashes_and_nothing_else(native: ImageSpec) -> None:
    steps = install_steps(native, "/bin/python3.11", _FOLDER, _UV)

    assert steps[2].argv[:5] == ("/bin/uv", "pip", "install", "--python", "/cache/envs/x/bin/python")
    assert steps[2].argv[-4:] == ("--require-hashes", "--no-deps", "-r", str(native.lock))


def test_packages_that_come_as_source_are_built_by_the_locks_own_setuptools(native: ImageSpec) -> None:
    _, first, lock, *_ = install_steps(native, "/bin/python3.11", _FOLDER, _UV)

    assert first.argv[-4:] == ("--require-hashes", "--no-deps", "-r", "/cache/envs/x/builders.lock")
    assert "--no-build-isolation" in lock.argv


def test_the_builders_are_cut_from_the_lock_with_their_hashes() -> None:
    builder = "setuptools==80.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n    # via x\n"

    assert builders(f"a==1 \\\n    --hash=sha256:22\n{builder}z==2\n") == builder
    assert builders("a==1\nwheel==3\n") == ""


def test_torch_comes_after_the_lock_from_its_own_index(native: ImageSpec) -> None:
    torch = install_steps(native, "/bin/python3.11", _FOLDER, _UV)[3].argv

    assert torch[-5:] == ("torch==2.6.0", "--constraint", "/cache/envs/x/constraints.txt", *torch[-2:])
    assert torch[-2:] == ("--default-index", "https://torch/cpu")


def test_torch_comes_from_local_wheels_where_there_are_some(native: ImageSpec) -> None:
    carried = replace(native, wheels=(Path("/wheels/torch-2.6.0.whl"),))

    torch = install_steps(carried, "/bin/python3.11", _FOLDER, _UV)[3].argv

    assert torch[-3:] == ("--no-index", "--find-links", "/wheels")


def test_without_uv_the_pip_of_the_environment_installs(native: ImageSpec) -> None:
    make, _, lock, torch, _ = install_steps(native, "/bin/python3.11", _FOLDER, None)

    assert "--without-pip" not in make.argv
    assert lock.argv[:4] == ("/cache/envs/x/bin/python", "-m", "pip", "install")
    assert torch.argv[-2:] == ("--index-url", "https://torch/cpu")


def test_pins_are_the_locks_versions_without_hashes() -> None:
    plain = "# comment\na-b==1.0 \\\n    --hash=sha256:00\n"
    lock = f"{plain}c[x]==2.0+cpu ; python_version < '3.12' \\\n    --hash=sha256:11\n"

    assert pins(lock) == ("a-b==1.0", "c[x]==2.0+cpu ; python_version < '3.12'")


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("invalid peer certificate: UnknownIssuer", "SSL_CERT_FILE"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "mirror"),
        ("dns error", "no index was reached"),
        ("ERROR: No matching distribution found for torch==9", "lacks this version"),
        ("something else", "run it again"),
    ],
)
def test_a_known_failure_gets_a_hint(line: str, hint: str) -> None:
    assert hint in hint_for((line,))
