"""What is imported before a program is sealed does nothing but define names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
PRELOAD = "import sys\nfrom adapters.native.evaluator.sandbox.preload import preload\npreload(sys.argv[1], [])\n"


def loaded_by(source: str, folder: Path) -> list[str]:
    """Return the modules of a process that has preloaded what `source` names; it runs in `folder`."""
    program = f"{PRELOAD}print(*sys.modules, sep=chr(10))"
    done = subprocess.run(
        [sys.executable, "-c", program, source],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize("source", ["import venv.__main__", "from venv import __main__", "import unittest.__main__"])
def test_a_module_that_is_a_command_is_not_run(tmp_path: Path, source: str) -> None:
    loaded = loaded_by(source, tmp_path)

    assert not [name for name in loaded if name.endswith(".__main__")]
    assert list(tmp_path.iterdir()) == []  # venv.__main__ makes an environment in a folder named by its argument


def test_modules_and_their_submodules_are_loaded(tmp_path: Path) -> None:
    loaded = loaded_by("import xml.dom.minidom\nfrom concurrent import futures", tmp_path)

    assert {"xml.dom.minidom", "concurrent.futures"} <= set(loaded)


def test_a_source_that_is_no_python_loads_nothing(tmp_path: Path) -> None:
    assert "xml" not in loaded_by("import xml (", tmp_path)
