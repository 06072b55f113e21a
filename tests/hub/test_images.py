import pytest

from hub.images import made_alike, recipe_tag
from hub.report import EnvironmentRecord


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
