from pathlib import Path

import pytest

from hub.adapter import Asset
from hub.hubcache import found_elsewhere

HF_MODEL = Asset("model", "m", "/models/m", "huggingface", "acme/tiny-1.5", "main")
MS_MODEL = Asset("model", "m", "/models/m", "modelscope", "acme/tiny-1.5", "master")
DATA = Asset("dataset", "d", "/data/d", "huggingface", "acme/d", "main", ("main/train*", "main/test*"))


def checkpoint(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_text("weights")
    return folder


def test_hugging_faces_cache_is_followed_from_the_branch_to_the_commit(tmp_path: Path) -> None:
    repository = tmp_path / "hf" / "hub" / "models--acme--tiny-1.5"
    folder = checkpoint(repository / "snapshots" / "abc")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")

    assert found_elsewhere(HF_MODEL, {"HF_HOME": str(tmp_path / "hf")}) == folder
    assert found_elsewhere(HF_MODEL, {"HF_HUB_CACHE": str(tmp_path / "hf" / "hub")}) == folder


def test_another_revision_at_hugging_face_is_not_it(tmp_path: Path) -> None:
    checkpoint(tmp_path / "hub" / "models--acme--tiny-1.5" / "snapshots" / "abc")

    assert found_elsewhere(HF_MODEL, {"HF_HOME": str(tmp_path)}) is None


@pytest.mark.parametrize(
    "place",
    [
        "models/acme--tiny-1.5/snapshots/master",
        "models/acme/tiny-1___5",
        "hub/models/acme/tiny-1___5",
        "hub/acme/tiny-1___5",
        "hub/acme/tiny-1.5",
    ],
)
def test_every_layout_of_modelscopes_cache_is_known(tmp_path: Path, place: str) -> None:
    folder = checkpoint(tmp_path / ".cache" / "modelscope" / place)

    assert found_elsewhere(MS_MODEL, {"HOME": str(tmp_path)}) == folder


def test_a_download_that_another_program_did_not_finish_is_not_taken(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "models" / "acme" / "tiny-1___5")
    (folder / "model.safetensors").unlink()

    assert found_elsewhere(MS_MODEL, {"MODELSCOPE_CACHE": str(tmp_path)}) is None


def test_data_of_which_a_part_is_missing_is_not_taken(tmp_path: Path) -> None:
    folder = tmp_path / "hub" / "datasets--acme--d" / "snapshots" / "main" / "main"
    folder.mkdir(parents=True)
    (folder / "train.parquet").write_text("x")
    before = found_elsewhere(DATA, {"HF_HOME": str(tmp_path)})
    (folder / "test.parquet").write_text("x")

    assert before is None
    assert found_elsewhere(DATA, {"HF_HOME": str(tmp_path)}) == folder.parent
