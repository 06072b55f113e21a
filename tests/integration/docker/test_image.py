"""What is in a built image, and what must not be."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest

from hub.images import load_image
from hub.settings import Settings


@pytest.fixture(scope="module")
def history(client: Any, echo: Any) -> str:
    return "\n".join(layer["CreatedBy"] for layer in client.images.get(echo.reference).history())


def test_no_step_of_the_final_image_knows_certificates_wheels_or_pip(history: str) -> None:
    assert not [word for word in ("ca.pem", "/build", "wheels", "pip", "PROXY", "PIP_") if word in history]


def test_no_layer_of_ours_holds_a_certificate_a_wheel_or_a_cache(client: Any, echo: Any, base_layers: int) -> None:
    added = _layers(client, echo.reference)[base_layers:]

    files = [name for layer in added for name in layer]

    assert "opt/evaldock/adapters/runtime/entry.py" in files
    assert not [name for name in files if name.endswith((".pem", ".crt", ".whl")) or ".cache/" in name]


def test_it_runs_as_nobody_through_the_entry(client: Any, echo: Any) -> None:
    config = client.images.get(echo.reference).attrs["Config"]

    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["python", "-m", "adapters.runtime.entry", "--"]
    assert config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert config["Labels"]["evaldock.image"] == "echo"


@pytest.fixture(scope="module")
def base_layers(client: Any, docker_settings: Settings) -> int:
    """Return how many layers the base has; they are the first ones of every image."""
    base = load_image("echo", docker_settings).base
    return len(client.images.get(base).attrs["RootFS"]["Layers"])


def _layers(client: Any, reference: str) -> list[list[str]]:
    """Return the files of every layer, the lowest layer first."""
    saved = io.BytesIO(b"".join(client.images.get(reference).save()))
    with tarfile.open(fileobj=saved) as image:
        manifest = image.extractfile("manifest.json")
        assert manifest
        return [_names(image, name) for name in json.load(manifest)[0]["Layers"]]


def _names(image: tarfile.TarFile, layer: str) -> list[str]:
    content = image.extractfile(layer)
    with tarfile.open(fileobj=content) as files:
        return [file.name for file in files if file.isfile()]
