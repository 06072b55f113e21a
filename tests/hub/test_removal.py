import os
from pathlib import Path

import pytest

from hub.removal import entries_below, remove_tree, remove_what_can_be

DEEP = 3000  # recursion ends at a thousand, a path of such names at two thousand


def deep_folder(top: Path, depth: int = DEEP) -> Path:
    """Make folders in folders, and a file in the last one."""
    top.mkdir()
    place = os.open(top, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("a", dir_fd=place)
        below = os.open("a", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=place))
    os.close(place)
    return top


def test_a_folder_of_any_depth_is_removed(tmp_path: Path) -> None:
    remove_tree(deep_folder(tmp_path / "deep"))

    assert list(tmp_path.iterdir()) == []


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("kept")
    inside = tmp_path / "gone" / "inside"
    inside.mkdir(parents=True)
    (inside / "link").symlink_to(tmp_path / "kept")
    (inside.parent / "broken").symlink_to("nowhere")

    remove_tree(tmp_path / "gone")

    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "file"]


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to("kept")

    with pytest.raises(OSError, match="link"):
        remove_tree(tmp_path / "link")

    assert (tmp_path / "kept").is_dir()


def test_folders_of_one_name_at_every_depth_do_not_meet(tmp_path: Path) -> None:
    for path in ("a/a/a", "a/b/a", "b/a/b/a"):
        (tmp_path / "top" / path).mkdir(parents=True)
        (tmp_path / "top" / path / "b").write_text("file")

    remove_tree(tmp_path / "top")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o000, 0o500])
def test_folders_that_were_closed_are_opened(tmp_path: Path, mode: int) -> None:
    below = tmp_path / "top" / "closed" / "below"
    below.mkdir(parents=True)
    (below / "file").write_text("x")
    for folder in (below, below.parent, below.parent.parent):
        folder.chmod(mode)

    remove_tree(tmp_path / "top")

    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_is_no_failure_where_none_is_wanted(tmp_path: Path) -> None:
    remove_what_can_be(tmp_path / "nothing")

    with pytest.raises(FileNotFoundError):
        remove_tree(tmp_path / "nothing")


def test_all_that_is_below_is_seen_and_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_text("x")
    (tmp_path / "a" / "link").symlink_to(tmp_path)

    assert sorted(Path(entry.path).relative_to(tmp_path).as_posix() for entry in entries_below(tmp_path)) == [
        "a",
        "a/b",
        "a/b/file",
        "a/link",
    ]


def test_the_look_at_a_folder_ends_where_a_path_is_too_long(tmp_path: Path) -> None:
    top = deep_folder(tmp_path / "deep")
    try:
        assert 1000 < sum(1 for _ in entries_below(top)) < DEEP
    finally:
        remove_tree(top)


def test_all_but_what_cannot_be_removed_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("a/b", "c/d"):
        (tmp_path / "top" / path).mkdir(parents=True)
    (tmp_path / "top" / "a" / "kept").write_text("x")
    (tmp_path / "top" / "c" / "gone").write_text("x")
    unlink = os.unlink

    def keeping(name: str, **more: int) -> None:
        if name == "kept":
            raise PermissionError(name)
        unlink(name, **more)

    monkeypatch.setattr(os, "unlink", keeping)

    with pytest.raises(PermissionError, match="kept"):
        remove_tree(tmp_path / "top")

    assert [path.name for path in (tmp_path / "top").rglob("*")] == ["a", "kept"]
