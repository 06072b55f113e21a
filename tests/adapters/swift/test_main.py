"""A checkpoint that SWIFT cannot load here ends its server with the reason as the last line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.swift.__main__ import main

# SWIFT, as far as the entry knows it; its server says what it was told, or misses a package that no type names.
MODELS = """
from types import SimpleNamespace as Meta


def meta(name, sees):
    return Meta(architectures=[name], is_multimodal=sees, candidate_templates=[], requires=["no_such_utils>=1"])

MODEL_MAPPING = {"omni": meta("Omni", True), "plain": meta("Plain", False)}
"""
SERVER = """
def deploy_main(argv):
    if "--missing" in argv:
        import no_such_package
    print("served", *argv)
"""


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder for weights, beside an environment of stand-ins."""
    site = tmp_path / "site"
    (site / "swift" / "model").mkdir(parents=True)
    (site / "swift" / "model" / "model_meta.py").write_text(MODELS)
    (site / "swift" / "pipelines.py").write_text(SERVER)
    for name in ("torch", "torchvision"):
        (site / f"{name}.py").touch()
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("EVALDOCK_ROOT", str(tmp_path))
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "USE_HF"):
        monkeypatch.setenv(name, "")  # so that it is as before in the end
    (tmp_path / "weights").mkdir()
    before = set(sys.modules)
    yield tmp_path / "weights"
    for name in set(sys.modules) - before:
        del sys.modules[name]


def serve(monkeypatch: pytest.MonkeyPatch, weights: Path, kind: str, *more: str) -> None:
    config = {"architectures": [kind.capitalize()], "model_type": kind}
    (weights / "config.json").write_text(json.dumps(config))
    monkeypatch.setattr(sys, "argv", ["swift", "--model", str(weights), *more])
    main()


def test_one_that_sees_and_whose_packages_are_missing_is_refused_before_it_is_loaded(
    weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"model type 'omni', .* lacks packages: no_such_utils>=1") as refused:
        serve(monkeypatch, weights, "omni")

    assert "another engine (transformers" in str(refused.value)
    assert capsys.readouterr().out == ""


def test_what_is_missed_only_while_it_loads_is_the_reason_too(
    weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="lacks packages: No module named 'no_such_package'"):
        serve(monkeypatch, weights, "plain", "--missing")

    assert "Traceback" in capsys.readouterr().err


def test_others_are_served_whatever_their_type_names(
    weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(monkeypatch, weights, "plain")

    assert capsys.readouterr().out.startswith("served --model_type plain --template dummy")
