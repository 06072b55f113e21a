from pathlib import Path

import pytest

from hub.checkpoint import adapter_complaint, bytes_in_memory, complaint, gguf_complaint, weights_digest


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


def test_a_link_to_nothing_is_no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("../../blobs/gone")

    assert complaint(folder) == "has a model.safetensors that is a link to nothing: ../../blobs/gone"
    assert bytes_in_memory(folder) == 0


def test_a_file_that_is_closed_to_us_is_a_complaint_not_an_exception(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Path, _mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)

    assert complaint(folder) == "has a config.json that cannot be read: Permission denied"


def test_links_to_nothing_are_found_in_adapters_and_ggufs_too(tmp_path: Path) -> None:
    adapter, gguf = holding(tmp_path, "adapter_config.json"), tmp_path / "gguf"
    gguf.mkdir()
    (adapter / "adapter_model.safetensors").symlink_to("gone")
    (gguf / "model.gguf").symlink_to("gone")

    assert "link to nothing" in adapter_complaint(adapter)
    assert "link to nothing" in gguf_complaint(gguf)


def test_an_adapter_has_a_configuration_and_weights_of_its_own(tmp_path: Path) -> None:
    assert "has no adapter_config.json" in adapter_complaint(tmp_path)
    assert adapter_complaint(tmp_path / "absent") == "no such folder"

    (tmp_path / "adapter_config.json").write_text("{}")
    (tmp_path / "adapter_model.safetensors").write_bytes(b"")

    assert adapter_complaint(tmp_path) == ""


def holding(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_bytes(name.encode())
    return folder


@pytest.mark.parametrize(
    "names",
    [
        ("q.gguf",),
        ("q.gguf", "config.json"),
        ("q-00001-of-00002.gguf", "q-00002-of-00002.gguf"),
        ("q.gguf", "mmproj-f16.gguf"),
    ],
)
def test_a_folder_with_one_gguf_model_is_one_for_llamacpp(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert gguf_complaint(holding(tmp_path, *names)) == ""


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("config.json", "model.safetensors"), "has no .gguf file, and llama.cpp loads no other"),
        (("q8.gguf", "q4.gguf"), "has several models (q4.gguf, q8.gguf): give the file of one"),
    ],
)
def test_a_folder_without_one_gguf_model_says_what_it_has(tmp_path: Path, names: tuple[str, ...], said: str) -> None:
    assert gguf_complaint(holding(tmp_path, *names)) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("q4.gguf", ""),
        ("q4.bin", "is no .gguf file"),
        ("q-00001-of-00002.gguf", "is one part of several: give the folder that they are in"),
    ],
)
def test_a_gguf_file_is_a_model_unless_it_is_a_part_of_one(tmp_path: Path, name: str, said: str) -> None:
    assert gguf_complaint(holding(tmp_path, name) / name) == said


def test_a_gguf_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert gguf_complaint(tmp_path / "q.gguf") == "no such folder"


def test_a_place_that_cannot_be_looked_at_is_said_and_weighs_nothing(tmp_path: Path) -> None:
    place = tmp_path / ("q" * 300)  # a folder above that is closed to us fails in the same way, though not for root

    assert gguf_complaint(place) == "cannot be read: File name too long"
    assert complaint(place) == "cannot be read: File name too long"
    assert bytes_in_memory(place) == 0


def test_who_gives_a_gguf_to_others_is_told_who_loads_it(tmp_path: Path) -> None:
    holding(tmp_path, "q.gguf")

    assert complaint(tmp_path) == (
        "has no config.json, but a .gguf; llama.cpp alone loads it: `serve: {engine: llamacpp}`"
    )
    assert complaint(tmp_path / "q.gguf").startswith("is not a folder; llama.cpp alone loads it")


def test_a_file_of_weights_has_a_size_and_a_digest_of_its_own(tmp_path: Path) -> None:
    holding(tmp_path, "q4.gguf", "q8.gguf")

    assert bytes_in_memory(tmp_path / "q4.gguf") == len("q4.gguf")
    digests = {weights_digest(place) for place in (tmp_path / "q4.gguf", tmp_path / "q8.gguf", tmp_path)}
    assert len(digests) == 3


def test_weights_that_are_there_twice_count_once(tmp_path: Path) -> None:
    (tmp_path / "consolidated.safetensors").write_bytes(bytes(5))
    assert bytes_in_memory(tmp_path) == 5

    for number in (1, 2):
        (tmp_path / f"model-0000{number}-of-00002.safetensors").write_bytes(bytes(3))
    assert bytes_in_memory(tmp_path) == 6
