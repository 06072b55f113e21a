"""Which images a plan needs, and which of them downloads."""

from __future__ import annotations

import pytest

from hub.prepare import image_for, images_of
from hub.settings import Settings
from tests.hub.test_plan import plan


@pytest.mark.parametrize(
    ("engine", "fetching"),
    [("transformers", "native"), ("swift", "swift"), ("vllm", "native"), ("llamacpp", "native")],
)
def test_a_projects_own_image_does_not_download_its_checkpoint(engine: str, fetching: str) -> None:
    made = plan(models={"q": {"checkpoint": "Qwen/Q", "serve": {"engine": engine}}})

    assert image_for(made.servers[0].assets[0], made) == fetching


def test_the_image_that_downloads_is_made_only_where_something_is_to_be_downloaded(settings: Settings) -> None:
    serve = {"engine": "vllm"}
    remote, local = (plan(models={"q": {"checkpoint": place, "serve": serve}}) for place in ("Qwen/Q", "./q"))

    assert set(images_of(remote, settings)) - set(remote.images) == {"native"}
    assert images_of(local, settings) == local.images
