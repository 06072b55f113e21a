import hashlib
from pathlib import Path

import pytest

from adapters.runtime.hubs import File
from adapters.runtime.snapshot import SnapshotError, check, clear_orphans, size_of


def listed(data: bytes) -> File:
    return File(len(data), hashlib.sha256(data).hexdigest())


def test_a_git_blob_is_told_by_gits_own_digest(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"hello\n")

    check({"a.txt": File(6, blob="ce013625030ba8dba906f756967f9e9ca394464a")}, tmp_path)  # git hash-object


@pytest.mark.parametrize("data", [b"", b"other", b"othe", b"weighs"])
def test_a_file_that_is_not_what_the_hub_lists_is_named_and_removed(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    (tmp_path / "good").write_bytes(b"good")

    with pytest.raises(SnapshotError, match=r"damaged after the download: a, b/c$"):
        check({"a": listed(b"right"), "good": listed(b"good"), "b/c": File(1)}, tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["good"]


def test_only_what_the_hub_lists_stays(tmp_path: Path) -> None:
    for name in ("main/test.parquet", "main/old.parquet", ".cache/huggingface/trees/x.json", ".msc", "empty/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"1")

    check({"main/test.parquet": File(1)}, tmp_path)

    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == [
        "main",
        "main/test.parquet",
    ]


def test_orphans_of_killed_downloads_go_and_what_can_be_continued_stays(tmp_path: Path) -> None:
    folder = tmp_path / ".cache" / "huggingface" / "download"
    folder.mkdir(parents=True)
    kept = {f"AbC=.{'0' * 64}.incomplete", "config.json.metadata"}
    for name in {*kept, f"AbC=.{'0' * 40}.1a2b3c4d.incomplete"}:
        (folder / name).write_bytes(b"12")
    (tmp_path / "model.safetensors.incomplete").write_bytes(b"ModelScope's")

    clear_orphans(tmp_path)

    assert {path.name for path in folder.iterdir()} == kept
    assert (tmp_path / "model.safetensors.incomplete").is_file()
    assert size_of(tmp_path) == 4 + 12
