"""llama.cpp is given the one model of a checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.llamacpp.weights import weights_in


def folder_with(tmp_path: Path, *names: str) -> str:
    for name in ("config.json", *names):
        (tmp_path / name).touch()
    return str(tmp_path)


@pytest.fixture(autouse=True)
def _not_in_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVALDOCK_ROOT", raising=False)


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (("q-q4_k_m.gguf",), "q-q4_k_m.gguf"),
        (("q-00002-of-00002.gguf", "q-00001-of-00002.gguf"), "q-00001-of-00002.gguf"),
        (("mmproj-f16.gguf", "q.gguf"), "q.gguf"),
    ],
)
def test_the_model_is_found(tmp_path: Path, names: tuple[str, ...], taken: str) -> None:
    assert weights_in(folder_with(tmp_path, *names)).name == taken


def test_a_checkpoint_of_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"has no \.gguf file"):
        weights_in(folder_with(tmp_path, "model.safetensors"))


def test_of_several_models_none_is_chosen(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"several models \(a\.gguf, b\.gguf\)"):
        weights_in(folder_with(tmp_path, "b.gguf", "a.gguf"))


def test_a_file_is_the_model_itself_whatever_it_is_called_in_the_job(tmp_path: Path) -> None:
    (tmp_path / "q").touch()

    assert weights_in(str(tmp_path / "q")) == tmp_path / "q"
