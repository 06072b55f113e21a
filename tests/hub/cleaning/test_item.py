import string

from hypothesis import given
from hypothesis import strategies as st

from hub.cleaning.item import Filter, Found, Item, select

NOW = 1_000_000.0
ITEMS = st.lists(
    st.builds(
        Item,
        kind=st.sampled_from(["run", "image"]),
        name=st.text(string.ascii_letters, min_size=1, max_size=5),
        place=st.uuids().map(str),
        group=st.sampled_from(["a", "b"]),
        size=st.integers(0, 100),
        used_at=st.floats(0, NOW),
    ),
    max_size=20,
)


def item(name: str, age_s: float, *, size: int = 1, group: str = "") -> Item:
    return Item("run", name, f"/runs/{name}", group, size, NOW - age_s)


def names(items: tuple[Item, ...]) -> list[str]:
    return [part.name for part in items]


def test_without_a_filter_all_goes_the_oldest_first() -> None:
    assert names(select([item("new", 1), item("old", 9)], Filter(), NOW)) == ["old", "new"]


def test_only_what_is_old_and_large_goes() -> None:
    items = [item("old", 9, size=1), item("large", 1, size=9), item("both", 9, size=9)]

    assert names(select(items, Filter(older_than_s=5, larger_than=5), NOW)) == ["both"]


def test_the_newest_of_each_group_are_kept() -> None:
    items = [item(f"{group}{age}", age, group=group) for group in "ab" for age in (1, 2, 3)]

    assert names(select(items, Filter(keep=2), NOW)) == ["b3", "a3"]


def test_what_is_in_use_counts_among_the_newest_and_is_not_free() -> None:
    used = Item("run", "u", "/runs/u", "", 1, NOW, "it is live")

    assert select([used, item("a", 1)], Filter(keep=1), NOW) == (item("a", 1),)
    assert Found((used, item("a", 1))).free == (item("a", 1),)


@given(ITEMS, st.integers(0, 5))
def test_keep_leaves_that_many_of_every_group(items: list[Item], keep: int) -> None:
    gone = select(items, Filter(keep=keep), NOW)

    for mark in {(part.kind, part.group) for part in items}:
        of_group = [part for part in items if (part.kind, part.group) == mark]
        left = [part for part in of_group if part not in gone]
        assert len(left) == min(keep, len(of_group))
