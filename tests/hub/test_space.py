from pathlib import Path

import pytest

from hub import space
from hub.space import Need, check_space


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every disk have 10 GB."""
    monkeypatch.setattr(space, "free_bytes", lambda _folder: 10_000_000_000)


def levels(*needs: Need) -> list[str]:
    return [finding.level for finding in check_space(needs)]


def test_needs_on_one_disk_are_added_up(tmp_path: Path, free: None) -> None:
    one = Need(tmp_path / "cache", 6_000_000_000, "model 'a'")

    assert levels(one) == ["ok"]
    assert levels(one, one._replace(folder=tmp_path / "runs")) == ["missing"]


def test_what_would_fill_the_disk_is_a_note(tmp_path: Path, free: None) -> None:
    assert levels(Need(tmp_path, 9_500_000_000, "model 'a'")) == ["warning"]


def test_the_message_names_what_is_big_what_is_free_and_a_way_out(tmp_path: Path, free: None) -> None:
    needs = [Need(tmp_path, size, f"part {size}") for size in (1, 2, 3, 4, 20_000_000_000)]

    (finding,) = check_space(needs)

    assert "part 20000000000 20 GB" in finding.message
    assert "and 1 more" in finding.message
    assert "10 GB free" in finding.message
    assert "evaldock clean" in finding.mend


def test_a_folder_that_is_not_there_yet_is_judged_by_the_disk_it_will_be_on(tmp_path: Path) -> None:
    (finding,) = check_space([Need(tmp_path / "a" / "b", 1, "x")])

    assert finding.level in {"ok", "warning"}
    assert str(tmp_path / "a" / "b") in finding.message
