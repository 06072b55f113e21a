"""compose.yaml and the hub's image hold together: what they name exists, and the lock has what evaldock needs."""

import re
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


def test_the_default_task_of_every_service_exists() -> None:
    commands = " ".join(" ".join(service["command"]) for service in SERVICES.values())
    named = re.findall(r"\$\{TASK:-([^}]+)\}", commands)

    assert len(named) == 5
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_only_the_hub_starts_unasked() -> None:
    assert [name for name, service in SERVICES.items() if "profiles" not in service] == ["hub"]


def test_the_folder_of_certificates_may_be_another_one_at_the_same_path() -> None:
    mounts = [mount for mount in SERVICES["hub"]["volumes"] if "CERTIFICATES" in mount]

    assert mounts == ["${CERTIFICATES:-/etc/ssl/certs}:${CERTIFICATES:-/etc/ssl/certs}:ro"]


def test_the_hubs_lock_has_all_that_evaldock_needs() -> None:
    needed = [part for part in map(Requirement, metadata.requires("evaldock") or ()) if part.marker is None]
    lock = (ROOT / "images" / "hub" / "requirements.lock").read_text()
    locked = dict(re.findall(r"^([a-z0-9._-]+)==([^ \\]+)", lock, re.MULTILINE))

    assert needed
    assert [part.name for part in needed if not part.specifier.contains(locked.get(part.name, "0"))] == []


@pytest.mark.parametrize("name", ["compose.gpu.yaml", "compose.socket-proxy.yaml"])
def test_an_override_changes_a_service_that_there_is(name: str) -> None:
    override = yaml.safe_load((ROOT / "images" / "hub" / name).read_text())

    assert "hub" in override["services"]
