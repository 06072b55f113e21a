"""Weights that are loaded in the job, as far as that can be told without VLMEvalKit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.vlmevalkit.contract import Model
from adapters.vlmevalkit.runner import local
from adapters.vlmevalkit.runner.local import ModelError, Weights


def test_an_endpoint_has_none(tmp_path: Path) -> None:
    assert Weights(Model("endpoint"), tmp_path / "weights").get() is None
    assert not (tmp_path / "weights").exists()


def test_what_cannot_be_loaded_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def load(model: Model, _folder: Path) -> Any:
        tries.append(model.known_as)
        raise ModelError("there is none")

    monkeypatch.setattr(local, "load", load)
    weights = Weights(Model("checkpoint", "tiny", "/models/m"), tmp_path)
    for _ in range(2):
        with pytest.raises(ModelError, match="there is none"):
            weights.get()

    assert tries == ["tiny"]
