"""What a container sees of folders whose files are links."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.engine.docker.links import with_linked
from hub.errors import EngineError
from hub.job import Job, Mount
from hub.removal import remove_tree
from tests.hub.test_removal import deep_folder


def job(*sources: Path) -> Job:
    mounts = tuple(Mount(source, f"/models/m{number}") for number, source in enumerate(sources))
    return Job(id="1-m-native", image="native", command=("x",), files={}, mounts=mounts)


def snapshot(repository: Path, **files: str) -> Path:
    """A snapshot as the Hugging Face client keeps it: links to `blobs/`, by content."""
    folder = repository / "snapshots" / "abc"
    for made in (folder, repository / "blobs"):
        made.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (repository / "blobs" / content).write_text(content)
        (folder / f"{name}.json").symlink_to(f"../../blobs/{content}")
    return folder


def test_a_snapshot_of_a_hubs_cache_comes_with_its_files(tmp_path: Path) -> None:
    folder = snapshot(tmp_path / "models--o--n", config="c1", tokenizer="t1")

    mounts = with_linked(job(folder)).mounts

    blobs = tmp_path / "models--o--n" / "blobs"
    assert mounts == (
        Mount(folder, "/models/m0"),
        Mount(blobs / "c1", "/blobs/c1"),
        Mount(blobs / "t1", "/blobs/t1"),
    )


def test_a_link_to_a_snapshot_is_one(tmp_path: Path) -> None:
    folder = snapshot(tmp_path / "models--o--n", config="c1")
    (tmp_path / "mine").symlink_to(folder)

    assert (
        Mount(tmp_path / "models--o--n" / "blobs" / "c1", "/blobs/c1") in with_linked(job(tmp_path / "mine")).mounts
    )


def test_two_snapshots_may_have_a_file_in_common(tmp_path: Path) -> None:
    folders = [snapshot(tmp_path / name, config="same") for name in ("models--o--a", "models--o--b")]

    assert [mount.target for mount in with_linked(job(*folders)).mounts] == [
        "/models/m0",
        "/models/m1",
        "/blobs/same",
    ]


def test_a_checkpoint_with_links_to_elsewhere_is_refused_by_the_files_name(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (tmp_path / "big.safetensors").write_bytes(b"w")
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").symlink_to("../big.safetensors")

    with pytest.raises(EngineError, match=r"mine/model\.safetensors' is a link to .*big\.safetensors'"):
        with_linked(job(folder))


def test_a_snapshot_leads_to_no_file_but_its_own(tmp_path: Path) -> None:
    folder = snapshot(tmp_path / "models--o--n", config="c1")
    (tmp_path / "secret.json").write_text("s")
    (folder / "generation_config.json").symlink_to(tmp_path / "secret.json")

    with pytest.raises(EngineError, match=r"secret\.json"):
        with_linked(job(folder))


def test_links_inside_to_nothing_and_of_other_files_change_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (tmp_path / "notes.md").write_text("n")
    (folder / "config.json").write_text("{}")
    (folder / "copy.json").symlink_to("config.json")
    (folder / "gone.json").symlink_to("absent")
    (folder / "notes.md").symlink_to("../notes.md")

    assert with_linked(job(folder)) == job(folder)


def test_folders_in_folders_without_end_as_an_earlier_start_may_leave_them_change_nothing(tmp_path: Path) -> None:
    asked = job(deep_folder(tmp_path / "deep", 1100))
    (tmp_path / "deep" / "config.json").write_text("{}")

    try:
        assert with_linked(asked) == asked
    finally:
        remove_tree(tmp_path / "deep")


def test_a_file_is_mounted_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "q4.gguf").write_bytes(b"w")

    assert with_linked(job(tmp_path / "q4.gguf")) == job(tmp_path / "q4.gguf")
