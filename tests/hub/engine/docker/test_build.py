"""Finding, pulling and building images, against a fake daemon that answers as the real one does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from docker.errors import ImageNotFound

from hub.engine.docker.build import DockerImages
from hub.engine.docker.stream import Narration, StreamError
from hub.errors import BaseImageError, ImageError
from hub.images import ImageSpec


@dataclass
class FakeImage:
    id: str
    tags: list[str]
    labels: dict[str, str] = field(default_factory=dict)
    attrs: dict[str, Any] = field(default_factory=dict)


class FakeDaemon:
    """The part of docker's client that images need: `images`, `api.build`, `api.pull`."""

    def __init__(self, *images: FakeImage, says: tuple[dict[str, Any], ...] = ()) -> None:
        self.stored = list(images)
        self.says = says
        self.builds: list[dict[str, Any]] = []
        self.images = self
        self.api = self

    def get(self, reference: str) -> FakeImage:
        for image in self.stored:
            if reference in (*image.tags, image.id):
                return image
        raise ImageNotFound(f"No such image: {reference}")

    def list(self, filters: dict[str, list[str]]) -> list[FakeImage]:
        wanted = {tuple(label.split("=", 1)) for label in filters["label"]}
        return [image for image in self.stored if wanted <= set(image.labels.items())]

    def build(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        self.builds.append(arguments)
        yield from self.says
        self.stored.append(FakeImage("sha256:built", [arguments["tag"]], arguments["labels"]))

    def pull(self, name: str, tag: str, **_: Any) -> Iterator[dict[str, Any]]:
        yield from self.says
        self.stored.append(
            FakeImage("sha256:pulled", [f"{name}:{tag}"], attrs={"RepoDigests": [f"{name}@sha256:ff"]})
        )


BASE = FakeImage("sha256:base", ["base:1"])


@pytest.fixture
def image(tmp_path: Path) -> ImageSpec:
    for name in ("Dockerfile", "requirements.lock"):
        (tmp_path / name).touch()
    return ImageSpec("toy", tmp_path, "3.11", "base:1", None, None, wheels=(), payload=())


def images(daemon: FakeDaemon, tmp_path: Path) -> DockerImages:
    return DockerImages(daemon, tmp_path / "state")  # type: ignore[arg-type]


def quiet(line: str) -> None:
    """Take a line of progress and do nothing."""


def test_what_was_built_is_found_and_not_built_again(image: ImageSpec, tmp_path: Path) -> None:
    daemon = FakeDaemon(BASE)
    first = images(daemon, tmp_path).prepare(image, quiet)

    second = images(daemon, tmp_path).prepare(image, quiet)

    assert first == second
    assert (first.digest, first.base) == ("sha256:built", "base:1@sha256:base")
    assert len(daemon.builds) == 1


def test_nothing_is_found_before_it_was_built(image: ImageSpec, tmp_path: Path) -> None:
    assert images(FakeDaemon(BASE), tmp_path).find(image) is None


def test_a_loaded_image_is_found_without_its_base(image: ImageSpec, tmp_path: Path) -> None:
    daemon = FakeDaemon(BASE)
    built = images(daemon, tmp_path).prepare(image, quiet)
    daemon.stored.remove(BASE)

    assert images(daemon, tmp_path).find(image) == built


def test_a_changed_lock_is_another_image(image: ImageSpec, tmp_path: Path) -> None:
    daemon = FakeDaemon(BASE)
    images(daemon, tmp_path).prepare(image, quiet)
    image.lock.write_text("one more package")

    assert images(daemon, tmp_path).find(image) is None


def test_a_missing_base_is_pulled_and_its_digest_recorded(image: ImageSpec, tmp_path: Path) -> None:
    built = images(FakeDaemon(), tmp_path).prepare(image, quiet)

    assert built.base == "base:1@sha256:ff"


def test_a_base_that_cannot_be_pulled_says_what_to_do(image: ImageSpec, tmp_path: Path) -> None:
    daemon = FakeDaemon(says=({"error": "no route to host"},))

    with pytest.raises(BaseImageError, match="no route to host") as caught:
        images(daemon, tmp_path).prepare(image, quiet)

    assert "EVALDOCK_BASE_IMAGE" in caught.value.hint


def test_a_projects_own_image_that_cannot_be_pulled_is_to_be_carried_over(image: ImageSpec, tmp_path: Path) -> None:
    own = replace(image, published=True, base="owner/server:v1")
    daemon = FakeDaemon(says=({"error": "no route to host"},))

    with pytest.raises(ImageError, match="no route to host") as caught:
        images(daemon, tmp_path).prepare(own, quiet)

    assert not isinstance(caught.value, BaseImageError)  # no other engine has it
    assert "`docker save owner/server:v1 -o base.tar`" in caught.value.hint
    assert "`docker tag NAME owner/server:v1`" in caught.value.hint
    assert "EVALDOCK_BASE_IMAGE" not in caught.value.hint


def test_a_failed_build_shows_the_step_and_its_last_lines(image: ImageSpec, tmp_path: Path) -> None:
    noise = tuple({"stream": f"line {number}\n"} for number in range(40))
    says = ({"stream": "Step 3/9 : RUN pip install x\n"}, *noise, {"error": "returned a non-zero code: 1"})

    with pytest.raises(ImageError) as caught:
        images(FakeDaemon(BASE, says=says), tmp_path).prepare(image, quiet)

    message = caught.value.message
    assert "at Step 3/9 : RUN pip install x" in message
    assert "line 24\n" not in message
    assert "line 25\n" in message
    assert message.endswith("returned a non-zero code: 1")


def test_an_interrupted_build_leaves_no_image(image: ImageSpec, tmp_path: Path) -> None:
    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    daemon = FakeDaemon(BASE, says=({"stream": "Step 1/9 : FROM x\n"},))
    with pytest.raises(KeyboardInterrupt):
        images(daemon, tmp_path).prepare(image, interrupt)

    assert images(daemon, tmp_path).find(image) is None


def test_lines_are_told_without_colours_and_noise() -> None:
    told: list[str] = []
    messages = (
        {"stream": "Step 1/2 : RUN  a;     b\n"},
        {"stream": " ---> Running in 0123\n"},
        {"stream": "\x1b[91mwarning\x1b[0m\nnext"},
        {"aux": {"ID": "sha256:1"}},
        {"status": "Downloading", "progressDetail": {"current": 1}, "id": "ab"},
        {"status": "Pull complete", "progressDetail": {}, "id": "ab"},
    )

    Narration(told.append).tell(messages)

    assert told == ["Step 1/2 : RUN a; b", "warning", "next", "ab: Pull complete"]


def test_an_error_in_the_stream_is_raised() -> None:
    with pytest.raises(StreamError, match="broken"):
        Narration(quiet).tell([{"error": "broken\n"}])
