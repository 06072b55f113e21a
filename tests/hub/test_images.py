from dataclasses import replace

import pytest

from hub.engine.venv.engine import VenvEngine
from hub.errors import ImageError
from hub.images import all_names, image_names, load_image, made_alike, recipe_tag
from hub.report import EnvironmentRecord
from hub.settings import Settings


def environment(reference: str, digest: str) -> EnvironmentRecord:
    return EnvironmentRecord(engine="docker", image="echo", reference=reference, digest=digest)


def test_the_tag_of_a_recipe_has_its_first_digits() -> None:
    assert recipe_tag("echo", "sha256:" + "0123456789abcdef" * 4) == "evaldock/echo:0123456789ab"


@pytest.mark.parametrize(
    ("reference", "alike"),
    [
        ("evaldock/echo:0123456789ab", True),
        ("evaldock/echo:latest", False),
        ("mine/echo:0123456789ab", False),
        ("/cache/envs/echo-0123456789ab", False),
    ],
)
def test_two_builds_are_alike_where_their_name_is_that_of_a_recipe(reference: str, alike: bool) -> None:
    assert made_alike(environment(reference, "sha256:1"), environment(reference, "sha256:2")) is alike


def test_one_build_is_itself_under_any_name() -> None:
    assert made_alike(environment("evaldock/echo:0123456789ab", "sha256:1"), environment("mine:1", "sha256:1"))


def test_other_recipes_are_not_alike() -> None:
    one, other = (recipe_tag("echo", digit * 64) for digit in "12")

    assert not made_alike(environment(one, "sha256:1"), environment(other, "sha256:2"))


def test_what_a_project_publishes_is_built_only_where_it_is_named() -> None:
    assert set(all_names()) - set(image_names()) == {"llamacpp", "sglang", "vllm"}


def test_no_other_base_takes_the_place_of_what_a_project_publishes(settings: Settings) -> None:
    given = replace(settings, base_image="mine:1")

    assert load_image("vllm", given).base.startswith("vllm/vllm-openai:v")
    assert load_image("swift", given).base == "mine:1"


def test_the_venv_engine_says_that_a_published_image_is_nothing_for_it(settings: Settings) -> None:
    with pytest.raises(ImageError, match=r"comes as a container image alone \(lmsysorg/sglang") as caught:
        VenvEngine(settings).find(load_image("sglang", settings))

    assert "docker" in caught.value.hint
