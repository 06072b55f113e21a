from dataclasses import replace
from pathlib import Path

from hub.localmodels import local_models
from hub.settings import Settings


def checkpoint(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"x" * 98)
    return folder


def test_checkpoints_of_all_caches_are_found_with_their_size(tmp_path: Path, settings: Settings) -> None:
    own = checkpoint(tmp_path / "cache" / "models" / "modelscope" / "Qwen--Q@master")
    (own / ".complete").write_text('{"repository": "Qwen/Q", "revision": "master"}')
    theirs = checkpoint(tmp_path / "hf" / "hub" / "models--org--big-model" / "snapshots" / ("a" * 40))
    scope = checkpoint(tmp_path / "ms" / "models" / "Qwen" / "Qwen2___5-0___5B")
    (scope.parent / "Qwen2.5-0.5B").symlink_to(scope)
    env = {"HOME": str(tmp_path), "HF_HOME": str(tmp_path / "hf"), "MODELSCOPE_CACHE": str(tmp_path / "ms")}

    found = local_models(replace(settings, cache_dir=tmp_path / "cache"), env)

    assert [(model.name, model.hub, model.revision) for model in found] == [
        ("org/big-model", "huggingface", "a" * 12),
        ("Qwen/Q", "modelscope", "master"),
        ("Qwen/Qwen2.5-0.5B", "modelscope", ""),
    ]
    assert [model.checkpoint for model in found] == [str(theirs), "Qwen/Q", str(scope)]
    assert found[0].size == 100


def test_what_is_half_there_is_not_listed(tmp_path: Path, settings: Settings) -> None:
    half = tmp_path / "cache" / "models" / "modelscope" / "Qwen--Q@master.partial"
    half.mkdir(parents=True)
    snapshot = tmp_path / ".cache" / "huggingface" / "hub" / "models--o--n" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")

    assert local_models(replace(settings, cache_dir=tmp_path / "cache"), {"HOME": str(tmp_path)}) == ()


def test_no_cache_at_all_is_no_error(tmp_path: Path, settings: Settings) -> None:
    assert local_models(settings, {"HOME": str(tmp_path / "absent")}) == ()
