"""A copy of the source tree with one backend more: found, built and run as every backend is, by the command line."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.harness import ROOT, Ran, evaldock

BACKENDS = Path(__file__).parent / "backends"
_PARTS = ("hub", "adapters", "images", "configs")
_SKIPPED = shutil.ignore_patterns("__pycache__", "*.pyc")


@dataclass(frozen=True)
class Checkout:
    """The copied tree, and how evaldock is started from it."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that let any Python start this tree's evaldock."""
        return {"PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"}

    def evaldock(self, folder: Path, *arguments: str, **env: str) -> Ran:
        """Run `evaldock ARGUMENTS` of this tree in `folder`, with runs in folder/runs."""
        return evaldock(folder, *arguments, **self.environment, **env)


def make_checkout(root: Path, backend: str = "unruly") -> Checkout:
    """Copy the tree to `root` and lay `backend` into it, with the echo adapter's image."""
    for part in _PARTS:
        shutil.copytree(ROOT / part, root / part, ignore=_SKIPPED)
    shutil.copytree(BACKENDS / backend, root / "adapters" / backend, ignore=_SKIPPED)
    shutil.copytree(root / "images" / "echo", root / "images" / backend)
    return Checkout(root)
