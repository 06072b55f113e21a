import pytest

from hub.identity import Acquaintance, Address, changes, identity_of, identity_text, reconciled
from tests.fakes.upstream import FakeUpstream

ADDRESS = Address("http://h:1/v1", "q", "r1")


def test_what_a_server_makes_up_at_every_call_is_no_part_of_it() -> None:
    entry = {"id": "q", "root": "/models/q", "created": 1, "permission": [{"id": "a"}], "max_model_len": 4096}

    assert identity_of(ADDRESS, entry) == {
        "url": "http://h:1/v1",
        "model": "q",
        "revision": "r1",
        "entry": {"id": "q", "root": "/models/q", "max_model_len": 4096},
    }


def test_the_order_of_a_servers_words_does_not_matter() -> None:
    one = identity_of(ADDRESS, {"id": "q", "meta": {"a": 1, "b": 2}})
    other = identity_of(ADDRESS, {"meta": {"b": 2, "a": 1}, "id": "q"})

    assert identity_text(one) == identity_text(other)


@pytest.mark.parametrize(
    ("key", "old", "new", "told"),
    [
        ("max_model_len", 4096, 8192, "max_model_len 4096 -> 8192"),
        ("root", "/a", "/b", "root /a -> /b"),
        ("parent", None, "base", "parent None -> base"),
        ("meta", {"size": 1}, {"size": 2}, 'meta {"size": 1} -> {"size": 2}'),
    ],
)
def test_a_change_is_told_with_old_and_new(key: str, old: object, new: object, told: str) -> None:
    before, after = (identity_of(ADDRESS, {"id": "q", key: value}) for value in (old, new))

    assert list(changes(before, after)) == [told]
    assert reconciled(before, after) == after


def test_a_server_that_says_nothing_has_not_changed_and_keeps_its_earlier_identity() -> None:
    silent, known = identity_of(ADDRESS, None), identity_of(ADDRESS, {"id": "q"})

    for old, new in ((silent, known), (known, silent)):
        assert list(changes(old, new)) == []
        assert reconciled(old, new) == old
    assert reconciled(None, known) == known


@pytest.mark.parametrize(
    ("models", "found"),
    [(("q", "other"), "q"), (("/weights/file.gguf",), "/weights/file.gguf"), (("a", "b"), None), ((), None)],
)
def test_a_look_remembers_the_models_own_entry_or_the_only_one(models: tuple[str, ...], found: str | None) -> None:
    met = Acquaintance()
    with FakeUpstream(models=models) as upstream:
        met.look("endpoint 'm'", upstream.base_url, "q", None)
        address = Address(upstream.base_url, "q", "")

    assert met.identity(address).get("entry", {}).get("id") == found
    assert len(upstream.requests) == 1


def test_a_server_without_a_list_is_known_by_its_address_alone() -> None:
    met = Acquaintance()
    with FakeUpstream(fault="500") as upstream:
        (finding,) = met.look("endpoint 'm'", upstream.base_url, "q", None)

    assert finding.level == "warning"
    assert "entry" not in met.identity(Address(upstream.base_url, "q", ""))
