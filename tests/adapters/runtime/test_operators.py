"""torchvision is imported beside a build of torch that is not its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.runtime.operators import import_torchvision

# As the real ones do: a name that no library declared is an error, and the modules imported by then stay behind.
TORCH = """
declared = set()

class Library:
    def __init__(self, namespace, kind):
        self.namespace = namespace

    def define(self, schema):
        declared.add(f"{self.namespace}::{schema.partition('(')[0]}")

class library:
    Library = Library
"""
VISION = """
import torch
from torchvision import ops
missing = {"torchvision::nms", "torchvision::qnms"} - torch.declared
if missing:
    raise RuntimeError(f"operator {min(missing)} does not exist")
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder of packages with a torch and a torchvision."""
    (tmp_path / "torch.py").write_text(TORCH)
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "ops.py").touch()
    (tmp_path / "torchvision" / "__init__.py").write_text(VISION)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def loaded(name: str) -> Any:
    return sys.modules[name]


@pytest.mark.usefixtures("site")
def test_operators_that_do_not_load_are_declared_and_held() -> None:
    import_torchvision()

    assert loaded("torch").declared == {"torchvision::nms", "torchvision::qnms"}
    assert loaded("torchvision")._declared.namespace == "torchvision"


def test_those_of_its_own_build_are_left_alone(site: Path) -> None:
    (site / "torchvision" / "__init__.py").write_text("")

    import_torchvision()

    assert loaded("torch").declared == set()


def test_one_that_fails_for_another_reason_fails(site: Path) -> None:
    (site / "torchvision" / "__init__.py").write_text("raise RuntimeError('detected that PyTorch was too old')")

    with pytest.raises(RuntimeError, match="too old"):
        import_torchvision()
