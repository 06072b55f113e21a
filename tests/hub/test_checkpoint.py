from pathlib import Path

import pytest

from hub.checkpoint import adapter_complaint, complaint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like a checkpoint."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    return tmp_path


def test_a_checkpoint_has_a_configuration_and_weights(folder: Path) -> None:
    assert complaint(folder) == ""


@pytest.mark.parametrize(
    ("name", "said"), [("config.json", "has no config.json"), ("model.safetensors", "has no weights")]
)
def test_what_a_folder_lacks_is_named(folder: Path, name: str, said: str) -> None:
    (folder / name).unlink()

    assert complaint(folder).startswith(said)


def test_what_is_no_folder_is_named(folder: Path) -> None:
    assert complaint(folder / "absent") == "no such folder"
    assert complaint(folder / "config.json") == "is not a folder"


def test_a_folder_that_is_closed_to_us_is_a_complaint_not_an_exception(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)

    assert complaint(folder) == "cannot be read: Permission denied"


def test_an_adapter_has_a_configuration_and_weights_of_its_own(tmp_path: Path) -> None:
    assert "has no adapter_config.json" in adapter_complaint(tmp_path)
    assert adapter_complaint(tmp_path / "absent") == "no such folder"

    (tmp_path / "adapter_config.json").write_text("{}")
    (tmp_path / "adapter_model.safetensors").write_bytes(b"")

    assert adapter_complaint(tmp_path) == ""
