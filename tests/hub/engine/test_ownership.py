import pytest

from hub.engine.ownership import owner_id


def test_a_hub_that_sees_other_files_under_the_same_name_is_another_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVALDOCK_OWNER", raising=False)
    host = owner_id()

    monkeypatch.setenv("EVALDOCK_OWNER", "compose /home/me/evaldock")
    there = owner_id()
    monkeypatch.setenv("EVALDOCK_OWNER", "compose /home/you/evaldock")

    assert len({host, there, owner_id()}) == 3
