"""Images of ours on a real daemon: found, kept while they are used, removed; nobody else's are touched."""

import io
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from hub.cleaning import images
from hub.cleaning.item import Item
from hub.cleaning.live import Live
from hub.engine.docker.storage import image_bytes, storage_folder
from hub.errors import EvaldockError
from hub.settings import Settings

NOTHING = Live({}, {}, {}, "")


class Builder:
    """Builds images of one name, none of which stays."""

    def __init__(self, client: Any, settings: Settings) -> None:
        self._client, self._settings = client, settings
        self.name = f"clean-{uuid.uuid4().hex[:8]}"
        self.tags: list[str] = []

    def build(self, repository: str) -> str:
        dockerfile = (
            f"FROM {self._settings.base_image}\nLABEL evaldock.image={self.name}\nRUN echo {repository} > /x\n"
        )
        tag = f"{repository}:0123456789ab"
        self._client.images.build(fileobj=io.BytesIO(dockerfile.encode()), tag=tag, rm=True, labels={})
        self.tags.append(tag)
        return tag

    def listed(self) -> list[Item]:
        return [item for item in images.find(self._settings, NOTHING).items if item.group == self.name]

    def has(self, tag: str) -> bool:
        return any(tag in image.tags for image in self._client.images.list())


@pytest.fixture
def builder(client: Any, docker_settings: Settings) -> Iterator[Builder]:
    builder = Builder(client, docker_settings)
    yield builder
    for tag in builder.tags:
        with suppress(Exception):
            client.images.remove(tag, force=True)


def test_an_image_of_ours_goes_and_one_built_on_it_is_not_listed(builder: Builder, docker_settings: Settings) -> None:
    ours = builder.build(f"evaldock/{builder.name}")
    theirs = builder.build(f"theirs-{builder.name}")

    (item,) = builder.listed()
    images.remove(item, docker_settings)

    assert item.name == ours
    assert 0 < item.size < image_bytes(theirs)
    assert not builder.has(ours)
    assert builder.has(theirs)


def test_an_image_that_a_container_uses_stays(builder: Builder, client: Any, docker_settings: Settings) -> None:
    tag = builder.build(f"evaldock/{builder.name}")
    container = client.containers.create(tag, ["true"])
    try:
        (item,) = builder.listed()
        with pytest.raises(EvaldockError, match="cannot remove it"):
            images.remove(item, docker_settings)
    finally:
        container.remove(force=True)

    assert "container" in item.used_by
    assert builder.has(tag)


def test_the_daemons_folder_is_one_of_this_host(client: Any) -> None:
    folder = storage_folder()

    assert folder is not None
    assert folder.is_dir()
